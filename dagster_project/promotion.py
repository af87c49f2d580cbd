"""Promotion and rollback as jobs: the same commands that a person types, with the reason asked for in the launchpad."""

# No `from __future__ import annotations`: Dagster reads the annotations of ops as objects.

import sys
from pathlib import Path

import dagster as dg

from dagster_project.process import run_group
from dagster_project.resources import DvcRunner
from pipelines.process import TELEMETRY_OFF

PROMOTE, ROLLBACK = "promote", "rollback"


class Promotion(dg.Config):
    """Which version gets the alias, and why."""

    version: str
    why: str


class Rollback(dg.Config):
    """Why the alias goes back."""

    why: str


def build_promotion_jobs() -> list[dg.JobDefinition]:
    """One job for each direction."""

    @dg.op(name="promote_version")
    def promote_version(context: dg.OpExecutionContext, config: Promotion, dvc: DvcRunner) -> None:
        _medrwr(context, dvc.root, [PROMOTE, config.version, "--why", config.why])

    @dg.op(name="roll_back")
    def roll_back(context: dg.OpExecutionContext, config: Rollback, dvc: DvcRunner) -> None:
        _medrwr(context, dvc.root, [ROLLBACK, "--why", config.why])

    @dg.job(name=PROMOTE, description="Give the alias to a version, every digest verified; as `medrwr promote`.")
    def promote() -> None:
        promote_version()

    @dg.job(name=ROLLBACK, description="Give the alias back to the version before; as `medrwr rollback`.")
    def rollback() -> None:
        roll_back()

    return [promote, rollback]


def _medrwr(context: dg.OpExecutionContext, root: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "pipelines.cli.main", *arguments]
    outcome = run_group(command, cwd=root, env=TELEMETRY_OFF)
    said = "\n".join(outcome.tail)
    if outcome.code != 0:
        raise dg.Failure(description=said or "no output", allow_retries=False)
    context.log.info(said)
    context.add_output_metadata({"moved": dg.MetadataValue.text(said)})
