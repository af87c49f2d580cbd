"""A private PostgreSQL, moto's S3 and MLflow with logins: the real servers, on free ports of loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DATABASES = ("mlflow", "mlflow_auth", "dagster")
SECRET, BUCKET = "only-in-tests", "medrwr"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def binaries() -> Path | None:
    """Debian keeps a major version's programs in a folder of their own."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@dataclass(frozen=True)
class Postgres:
    """A cluster of its own in `folder`."""

    folder: Path
    port: int

    def address(self, database: str) -> str:
        return f"postgresql+psycopg2://medrwr@127.0.0.1:{self.port}/{database}"

    def control(self, *command: str) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync=off"
        self.program(
            "pg_ctl", "-w", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-o", options, *command
        )

    def wipe(self, database: str) -> None:
        """Every table gone, as by a person's mistake."""
        sql = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
        self.program("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "medrwr", "-d", database, "-qc", sql)

    def program(self, name: str, *arguments: str) -> None:
        as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*as_owner, str(binaries() or "") + f"/{name}", *arguments]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    folder.mkdir()
    if os.geteuid() == 0:
        subprocess.run(["chown", "postgres", folder], check=True)
    server = Postgres(folder, free_port())
    server.program("initdb", "-D", str(folder / "data"), "-U", "medrwr", "-A", "trust", "--no-sync")
    server.control("start")
    try:
        for database in DATABASES:
            server.program("createdb", "-h", "127.0.0.1", "-p", str(server.port), "-U", "medrwr", database)
        yield server
    finally:
        server.control("stop", "-m", "immediate")


@contextmanager
def process(
    log: Path, address: str, command: list[str], variables: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """`command` until the block ends, once `address` answers."""
    with log.open("w") as stream:
        server = subprocess.Popen(
            command, env=os.environ | variables, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 90
        while not _answers(address):
            assert server.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)
        yield server
    finally:
        stop(server)


def stop(server: subprocess.Popen[bytes], *, patience_s: float = 60) -> None:
    """Asked first; what has not ended by then is killed."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal_number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(patience_s)
            return


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=2)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def object_store(log: Path) -> Iterator[dict[str, str]]:
    """moto's S3 with an empty bucket, and the variables that lead there: boto3's, which Lance reads as well."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", address.rpartition(":")[2]]
    with process(log, address, command, {}):
        import boto3

        login = {"aws_access_key_id": "key", "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=address, **login).create_bucket(Bucket=BUCKET)
        yield {
            "AWS_ENDPOINT_URL": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextmanager
def services(folder: Path) -> Iterator[tuple[Postgres, dict[str, str]]]:
    """All three, and the variables that lead there."""
    web = free_port()
    with postgres(folder / "pg") as database, object_store(folder / "s3.log") as store:
        settings = store | {
            "MLFLOW_S3_ENDPOINT_URL": store["AWS_ENDPOINT_URL"],
            "MLFLOW_BACKEND_STORE_URI": database.address("mlflow"),
            "MLFLOW_AUTH_DATABASE_URI": database.address("mlflow_auth"),
            "DAGSTER_POSTGRES_URL": database.address("dagster"),
            "MLFLOW_ADMIN_PASSWORD": SECRET,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": SECRET,
            "MLFLOW_ARTIFACTS": "s3://medrwr/mlflow",
            "MLFLOW_HOST": "127.0.0.1",
            "MLFLOW_PORT": str(web),
            "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"],
        }
        command = ["bash", str(REPOSITORY / "infra/mlflow.sh")]
        with process(folder / "mlflow.log", f"http://127.0.0.1:{web}/health", command, settings):
            login = {
                "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{web}",
                "MLFLOW_TRACKING_USERNAME": "admin",
                "MLFLOW_TRACKING_PASSWORD": SECRET,
            }
            yield database, settings | login
