"""Cancel over the API of a real server: nothing of the step is left after 30 s, and the next run resumes its work."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster_project.automation import JOB

from .conftest import Workspace, environment, make_workspace, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_S = 30.0
GRAPH = """\
stages:
  train:
    meta: {group: policy, kinds: [torch]}
    cmd: python stage.py
    deps: [stage.py]
    outs: [data/model]
    metrics: [metrics/train.json]
"""
STEPS = 40
TRAINER = f"""\
import json, os, subprocess, sys, time
from pathlib import Path
worker = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
                           "time.sleep(600)"])  # a worker that does not listen, in the same group
Path("work").mkdir(exist_ok=True)
Path("work/pids").write_text(f"{{os.getpid()}} {{worker.pid}} {{os.getppid()}}")
saved = Path("work/checkpoint.json")
state = json.loads(saved.read_text()) if saved.exists() else {{"step": 0, "loss": 1.0}}
with open("work/started.log", "a") as log:
    log.write(f"{{state['step']}}\\n")
while state["step"] < {STEPS}:
    state = {{"step": state["step"] + 1, "loss": state["loss"] * 0.9}}
    temporary = saved.with_suffix(".tmp")
    temporary.write_text(json.dumps(state))
    temporary.replace(saved)
    if not Path("work/hurry").exists():
        time.sleep(1)
worker.kill()
saved.unlink()
Path("data").mkdir(exist_ok=True)
Path("data/model").write_text("weights")
Path("metrics").mkdir(exist_ok=True)
Path("metrics/train.json").write_text(json.dumps(state))
"""
LAUNCH = """
mutation($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector, runConfigData: {}}) {
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
REEXECUTE = """
mutation($id: String!) {
  launchRunReexecution(reexecutionParams: {parentRunId: $id, strategy: FROM_FAILURE}) {
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
LOCATION = "query { repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Workspace, str]]:
    space = make_workspace(tmp_path / "workspace", dvc_yaml=GRAPH, params="{}\n", stage=TRAINER)
    home = tmp_path / "home"
    home.mkdir()
    settings = (REPOSITORY / "infra/dagster.yaml").read_text()
    (home / "dagster.yaml").write_text(settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {"DAGSTER_HOME": str(home), "MEDRWR_WORKSPACE": str(space.root), "PYTHONPATH": str(REPOSITORY)}
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("dagster")),
                "dev",
                "-m",
                "dagster_project.definitions",
                "-p",
                str(port),
            ],
            cwd=space.root,
            env={**environment(), **variables},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield space, f"http://127.0.0.1:{port}/graphql"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def ask(address: str, query: str, **variables: Any) -> Any:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())["data"]


def wait(what: str, done: Any, limit_s: float = 90.0) -> Any:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            found = done()
        except OSError:
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


def test_a_cancelled_step_is_gone_and_resumes(server: tuple[Workspace, str]) -> None:
    space, address = server
    [node] = wait("the code location", lambda: ask(address, LOCATION)["repositoriesOrError"].get("nodes"))
    names = {"repositoryName": node["name"], "repositoryLocationName": node["location"]["name"], "jobName": JOB}
    first = ask(address, LAUNCH, selector=names)["launchRun"]["run"]["runId"]
    checkpoint = space.root / "work/checkpoint.json"
    wait("a few steps", lambda: checkpoint.exists() and json.loads(checkpoint.read_text())["step"] >= 3)
    pids = [int(text) for text in (space.root / "work/pids").read_text().split()]
    assert all(running(pid) for pid in pids)

    ask(address, TERMINATE, id=first)
    wait("all processes to end", lambda: not any(running(pid) for pid in pids), LIMIT_S)
    wait("the run to be over", lambda: ask(address, STATUS, id=first)["runOrError"]["status"] == "CANCELED")

    (space.root / "work/hurry").touch()
    again = ask(address, REEXECUTE, id=first)["launchRunReexecution"]["run"]["runId"]
    wait("the second run", lambda: ask(address, STATUS, id=again)["runOrError"]["status"] == "SUCCESS")
    started = [int(line) for line in (space.root / "work/started.log").read_text().split()]
    assert started[0] == 0
    assert started[1] >= 3  # from the last checkpoint, not from the beginning
    uninterrupted = 1.0
    for _ in range(STEPS):
        uninterrupted *= 0.9
    assert json.loads((space.root / "metrics/train.json").read_text()) == {"step": STEPS, "loss": uninterrupted}
    assert space.dvc("status").strip() == "Data and pipelines are up to date."
