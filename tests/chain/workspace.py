"""A copy of the repository with tiny parameters: the real stages, in minutes instead of a coffee break."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

REPOSITORY = Path(__file__).resolve().parents[2]
AUTHOR = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
NOT_NEEDED = ("tests/", "README.md", "docs/")
TINY: dict[str, dict[str, Any]] = YAML(typ="safe").load(REPOSITORY / "params/small.yaml")


@dataclass(frozen=True)
class Workspace:
    """A workspace, and commands in it as a person would type them there."""

    root: Path

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=environment() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def attempt(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*command, **variables)
        output, errors = process.communicate(timeout=900)
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def run(self, *command: str, **variables: str) -> str:
        done = self.attempt(*command, **variables)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def dvc(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "dvc", *arguments)

    def stage(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.attempt(sys.executable, "-m", "pipelines", *arguments, **variables)

    def copy(self, root: Path) -> Workspace:
        shutil.copytree(self.root, root, symlinks=True)
        return Workspace(root)


def environment() -> dict[str, str]:
    """This environment without what would lead stages astray; our interpreter first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "MEDRWR_", "DAGSTER"))}
    here = str(Path(sys.executable).parent)
    return {**kept, "PATH": here + os.pathsep + kept["PATH"], "MLFLOW_DISABLE_TELEMETRY": "true"}


def make_tiny_workspace(root: Path) -> Workspace:
    """The repository's files, committed or not, below `root`, with the parameters of TINY."""
    return make_workspace(root, TINY)


def make_workspace(root: Path, changes: dict[str, dict[str, Any]]) -> Workspace:
    """The repository's files, committed or not, below `root`, with `changes` of its parameters, committed there."""
    copy_repository(root)
    set_parameters(root / "params.yaml", changes)
    space = Workspace(root)
    space.run("git", "init", "-q")
    space.run("git", "add", "--all")
    space.run("git", *AUTHOR, "commit", "-q", "-m", "parameters")
    return space


def copy_repository(root: Path) -> None:
    """The repository's files, committed or not, into `root`; what else is there stays."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in listed:
        if name and not name.startswith(NOT_NEEDED) and (REPOSITORY / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, root / name)


def set_parameters(file: Path, changes: dict[str, dict[str, Any]]) -> None:
    """Change values in a params.yaml, comments kept."""
    yaml = YAML()
    values = yaml.load(file.read_text(encoding="utf-8"))
    for section, changed in changes.items():
        values[section].update(changed)
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(values, stream)


def digest_of(folder: Path) -> str:
    """Names and bytes of all files below `folder`."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
