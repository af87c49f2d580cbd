"""DVC's remote on S3, as infra/README.md sets it up: what one clone pushes another pulls, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from medrwr.digests import folder_digest
from tests.infra.cluster import BUCKET, SECRET, object_store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with object_store(tmp_path_factory.mktemp("s3") / "log") as variables:
        yield variables["AWS_ENDPOINT_URL"]


def dvc(folder: Path, *arguments: str, secret: str = SECRET) -> subprocess.CompletedProcess[str]:
    login = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1"}
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=folder, env=os.environ | login, capture_output=True, text=True, check=False)


def test_a_second_clone_pulls_what_the_first_pushed(s3: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=first, check=True)
    (first / "model").mkdir()
    (first / "model/weights.bin").write_bytes(os.urandom(100_000))
    (first / "model/config.json").write_text("{}")
    steps = (
        ("init", "--quiet"),
        ("remote", "add", "--default", "store", f"s3://{BUCKET}/dvc"),
        ("remote", "modify", "store", "endpointurl", s3),
        ("add", "--quiet", "model"),
        ("push",),
    )
    for step in steps:
        done = dvc(first, *step)
        assert done.returncode == 0, done.stderr
    second.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=second, check=True)
    dvc(second, "init", "--quiet")
    (second / ".dvc/config").write_bytes((first / ".dvc/config").read_bytes())
    (second / "model.dvc").write_bytes((first / "model.dvc").read_bytes())
    done = dvc(second, "pull")
    assert done.returncode == 0, done.stderr
    assert folder_digest(second / "model") == folder_digest(first / "model")
    assert SECRET not in (first / ".dvc/config").read_text()
