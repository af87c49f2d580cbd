"""A row's chain as an experiment of DVC: in a folder of its own, what other rows have done taken from the run cache."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrwr.errors import ExperimentError
from pipelines.ablation.grid import Overrides
from pipelines.tracking.store import URI_VARIABLE, tracking_uri

TARGET = "evaluate"
ANSWERS = "per_question.jsonl"
SECOND_LOOKS = "second_looks.jsonl"
FINDINGS = "findings.json"
_REPORT = "reports/evaluation"
_LEFT_OUT = (":(exclude)dvc.lock", ":(exclude)tests", ":(exclude)*.md")
_SPOKEN = 15  # lines of a failed chain that are repeated


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is run: parameters over those of the workspace, at one state of its tracked files."""

    overrides: Overrides
    state: str

    @property
    def name(self) -> str:
        """The same for equal parameters and files, so that a finished one is found again."""
        told = json.dumps([dict(sorted(self.overrides.items())), self.state], sort_keys=True)
        return f"ablate-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def workspace_state(root: Path) -> str:
    """Digest of the tracked files as they are now, committed or not, but for dvc.lock, tests and prose.

    Raises:
        ExperimentError: the workspace is no git repository with a commit.
    """
    entries = _git(root, "ls-files", "--stage", "--", ".", *_LEFT_OUT)  # what is staged; what is not is in the diff
    changed = _git(root, "diff", "--binary", "--", ".", *_LEFT_OUT)
    return hashlib.sha256(f"{entries}\0{changed}".encode()).hexdigest()


def is_done(root: Path, experiment: Experiment) -> bool:
    """Whether an experiment of that name is kept."""
    return bool(_git(root, "for-each-ref", f"refs/exps/**/{experiment.name}").strip())


def run_experiment(root: Path, experiment: Experiment, variables: Mapping[str, str] | None = None) -> None:
    """Run the chain up to `evaluate`. Killed and run again, stages that had ended are not run again.

    It waits for another DVC process of this workspace.

    Args:
        variables: of the environment, for its stages.

    Raises:
        ExperimentError: a stage failed; its last lines are in the message.
    """
    arguments = [part for name, value in experiment.overrides.items() for part in ("-S", override(name, value))]
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "exp", "run", "--temp", "--name", experiment.name]
    tracked = {URI_VARIABLE: tracking_uri(root), "MEDRWR_PIPELINE_RUN": experiment.name}
    environment = {**os.environ, **(variables or {}), **tracked}
    log = root / "work/ablation" / f"{experiment.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as stream:
        ended = subprocess.run(
            [*command, *arguments, TARGET], cwd=root, env=environment, stdout=stream, stderr=stream, check=False
        )
    if ended.returncode != 0 or not is_done(root, experiment):
        last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SPOKEN:])
        raise ExperimentError(f"{experiment.name} with {dict(experiment.overrides)} failed; the end of {log}:\n{last}")


def read_lines(root: Path, experiment: Experiment, name: str = ANSWERS) -> list[dict[str, Any]]:
    """The lines of one file that the experiment's evaluation wrote: every question of every rung, or every second look.

    Raises:
        ExperimentError: its results are no longer in DVC's cache.
    """
    return [json.loads(line) for line in read_text(root, experiment, name).splitlines()]


def read_text(root: Path, experiment: Experiment, name: str) -> str:
    """One file that the experiment's evaluation wrote.

    Raises:
        ExperimentError: it is no longer in DVC's cache.
    """
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        return str(dvc.api.read(f"{_REPORT}/{name}", repo=str(root), rev=experiment.name, encoding="utf-8"))
    except (DvcException, OSError) as error:
        raise ExperimentError(
            f"{experiment.name} is kept, but its {_REPORT}/{name} is not in the cache ({error}): "
            f"remove it by `dvc exp remove {experiment.name}` and run the ablation again"
        ) from error


def override(name: str, value: Any) -> str:
    """One argument of --set-param: JSON but for the quotes of plain words; None deletes the parameter."""
    if value is None:
        return f"~{name}"
    return f"{name}={json.dumps(value)}"


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ExperimentError(
            f"git {arguments[0]} in {root.resolve()} failed ({done.stderr.strip()}): "
            "ablations are DVC experiments, which need a git repository with a commit"
        )
    return done.stdout
