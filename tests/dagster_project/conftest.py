"""A throw-away workspace with a git and a DVC repository: real stages of a few milliseconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

DVC_YAML = """\
stages:
  first:
    desc: Makes numbers.
    meta: {group: data, kinds: [python]}
    cmd: python stage.py first
    deps: [stage.py]
    params: [first]
    outs: [data/first]
    metrics: [metrics/first.json]
  shipped:
    desc: Lies in the repository.
    frozen: true
    cmd: python stage.py shipped
    outs:
      - shipped: {cache: false, persist: true}
  part:
    foreach: ${parts}
    do:
      desc: One half.
      cmd: python stage.py part ${key}
      deps: [data/first]
      outs: ["data/part/${key}"]
  last:
    desc: Joins the halves.
    cmd: python stage.py last
    deps: [data/part, shipped]
    outs:
      - data/table: {persist: true}
      - data/manifest.json
    plots: [plots/last]
  reader:
    cmd: python stage.py reader
    deps: [data/manifest.json]
    outs: [data/reader.txt]
"""
PARAMS = "first: {count: 3, sleep_s: 0, fail: false}\nparts: {a: {}, b: {}}\n"
STAGE = """\
import json, os, sys, time, uuid
from pathlib import Path
from ruamel.yaml import YAML

stage, *rest = sys.argv[1:]
first = YAML(typ="safe", pure=True).load(Path("params.yaml").read_text())["first"]

def write(name, text):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)

Path("work/timings").mkdir(parents=True, exist_ok=True)
with open("work/ran.log", "a") as log:
    log.write(" ".join([stage, *rest]) + "\\n")
print("stage", stage, "under", os.environ.get("MEDRWR_PIPELINE_RUN", "dvc"), flush=True)
write("work/pid", str(os.getpid()))
time.sleep(first["sleep_s"])
if stage == "first":
    if first["fail"]:
        sys.exit("first: the count is odd: make it even")
    write("data/first", "1 " * first["count"])
    write("metrics/first.json", json.dumps({"count": first["count"]}))
elif stage == "part":
    write("data/part/" + rest[0], rest[0] + Path("data/first").read_text())
elif stage == "last":
    write("data/table/" + uuid.uuid4().hex, "rows")
    write("data/manifest.json", json.dumps({"rows": 1}))
    write("plots/last/curve.csv", "step,loss\\n1,3.0\\n2,2.0\\n")
else:
    write("data/reader.txt", "read")
name = "_".join([stage, *rest])
if "DAGSTER_PIPES_CONTEXT" in os.environ and stage == "last":
    from dagster_pipes import open_dagster_pipes
    with open_dagster_pipes() as pipes:
        assert pipes.extras["root_run_id"] == os.environ["MEDRWR_PIPELINE_RUN"].removeprefix("dagster-")
        pipes.report_asset_materialization(metadata={"colour": "blue"})
write(f"work/timings/{name}.json", json.dumps({"seconds": 1.5, "peak_mb": 10.0, "headline": name + " is done"}))
"""


@dataclass(frozen=True)
class Workspace:
    """A workspace and the commands that a person would type in it."""

    root: Path

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.root, env=environment(), capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def dvc(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "dvc", *arguments)

    def ran(self) -> list[str]:
        """The stages that really ran, in order."""
        log = self.root / "work/ran.log"
        return log.read_text().splitlines() if log.exists() else []

    def set_params(self, text: str) -> None:
        (self.root / "params.yaml").write_text(text)


def environment() -> dict[str, str]:
    here = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": here + os.pathsep + os.environ["PATH"], "DVC_NO_ANALYTICS": "true"}


def make_workspace(root: Path, *, dvc_yaml: str = DVC_YAML, params: str = PARAMS, stage: str = STAGE) -> Workspace:
    root.mkdir()
    space = Workspace(root)
    for name, text in {"dvc.yaml": dvc_yaml, "params.yaml": params, "stage.py": stage}.items():
        (root / name).write_text(textwrap.dedent(text))
    (root / ".gitignore").write_text("/data/\n/work/\n/metrics/\n/plots/\n")
    (root / "shipped").write_text("weights")
    space.run("git", "init", "-q")
    space.dvc("init", "-q")
    if "shipped:" in dvc_yaml:
        space.dvc("commit", "-q", "-f", "shipped")
    return space


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("template") / "workspace")


def copy_of(template: Workspace, root: Path) -> Workspace:
    shutil.copytree(template.root, root)
    return Workspace(root)


@pytest.fixture
def workspace(template: Workspace, tmp_path: Path) -> Workspace:
    return copy_of(template, tmp_path / "workspace")


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")
