"""`medrwr serve`: the champion over HTTP, with a page, on this machine only unless told otherwise."""

from __future__ import annotations

import ipaddress
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medrwr.config import Params
from medrwr.errors import ConfigError
from medrwr.serving.http.auth import Keys, digest, new_key, parse_keys
from medrwr.serving.http.intake import Limits
from medrwr.serving.http.versions import VersionSource
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.process import set_environment

if TYPE_CHECKING:
    from pipelines.serving.traces import TraceWriter

KEYS_VARIABLE = "MEDRWR_API_KEYS"
_SHUTDOWN_S = 20


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line gave."""

    model: str | None
    index: Path | None
    host: str
    port: int
    keys: Path | None
    trace_share: float
    abstain: float
    rate: int


def print_new_key(name: str) -> None:
    """A fresh key, shown once, and the line of the key file that lets it in."""
    key = new_key()
    print(f"key   {key}\nline  {name}:{digest(key)}")


def serve(request: Request) -> None:
    """Serve until interrupted.

    Raises:
        ConfigError: an address beyond this machine without keys, or keys that cannot be read.
        MedrwrError: the model cannot be opened.
    """
    keys = read_keys(request.keys)
    check_address(request.host, keys)
    params = load_params()
    set_environment(params)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    import uvicorn

    from medrwr.serving.http.app import ServerSettings, create_app

    source, trace = _source(request, params)
    settings = ServerSettings(Paths().root / "work", Limits(rate=request.rate), keys, request.abstain, trace=trace)
    print(f"medrwr  http://{request.host}:{request.port}", flush=True)
    uvicorn.run(
        create_app(source, settings), host=request.host, port=request.port, log_level="warning", access_log=False,
        server_header=False, timeout_graceful_shutdown=_SHUTDOWN_S,
    )  # fmt: skip


def read_keys(file: Path | None) -> Keys:
    """From a file, or from the environment's MEDRWR_API_KEYS (comma-separated).

    Raises:
        ConfigError: the file is missing, or a line is no key.
    """
    if file is None:
        return parse_keys(os.environ.get(KEYS_VARIABLE, "").split(","), source=KEYS_VARIABLE)
    try:
        return parse_keys(file.read_text(encoding="utf-8").splitlines(), source=str(file))
    except OSError as error:
        raise ConfigError(f"--keys {file} cannot be read ({error.strerror}): check the path") from None


def check_address(host: str, keys: Keys) -> None:
    """Raises:
    ConfigError: others than this machine could reach the address, and no key is asked for.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback and not keys:
        raise ConfigError(
            f"--host {host} is not this machine alone, and there are no API keys: make one with "
            "`medrwr serve --new-key NAME`, and give the file with its line as --keys FILE"
        )


def _source(request: Request, params: Params) -> tuple[VersionSource, TraceWriter | None]:
    from pipelines.serving.traces import TraceWriter
    from pipelines.serving.versions import FolderVersions, champion_uri, parse_uri
    from pipelines.tracking.store import open_store

    if request.model is not None and Path(request.model).is_dir():
        return FolderVersions(Path(request.model), params, request.index or Paths().index), None
    store = open_store(Path())
    source = parse_uri(request.model or champion_uri(params), store, request.index)
    return source, TraceWriter(store, request.trace_share) if request.trace_share else None
