"""Seconds from `medrwr serve` to ready, with the champion of this workspace, files in the page cache."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests

from tests.benchmarks.serving_parts.figures import Figure, Size, World, at_most
from tests.serving.http.world import free_port

REPOSITORY = Path(__file__).resolve().parents[3]
LONGEST_S = 120


def measure(_size: Size, folder: Path, _world: World) -> list[Figure]:
    """The better of two starts; none where nothing has been registered here."""
    if not (REPOSITORY / "mlflow.db").is_file():
        print("start: there is no mlflow.db here; run `make pipeline` first")
        return []
    return [at_most("start_s", min(start(folder) for _ in range(2)), 20.0)]


def start(folder: Path) -> float:
    port = free_port()
    command = [sys.executable, "-m", "pipelines.cli.main", "serve", "--port", str(port)]
    began = time.perf_counter()
    with (folder / "serve.log").open("w") as log:
        server = subprocess.Popen(command, cwd=REPOSITORY, env={**os.environ}, stdout=log, stderr=log)
    try:
        while not ready(port):
            if server.poll() is not None or time.perf_counter() - began > LONGEST_S:
                raise RuntimeError(f"medrwr serve did not start:\n{(folder / 'serve.log').read_text()[-2000:]}")
            time.sleep(0.1)
        return time.perf_counter() - began
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
    except requests.ConnectionError:
        return False
