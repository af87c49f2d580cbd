"""What assets get from their surroundings: the workspace, and DVC as the one that runs stages."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from dagster_project.process import Outcome, repro_command, run_group
from pipelines.process import TELEMETRY_OFF

if TYPE_CHECKING:
    from dagster_project.graph import StageNode

RETRY_S = 2.0


class DvcRunner(dg.ConfigurableResource):  # type: ignore[type-arg]
    """`dvc repro` in `workspace`; waits up to `lock_timeout_s` for another DVC process, ends a stage in `grace_s`."""

    workspace: str
    grace_s: float = 20.0
    lock_timeout_s: float = 600.0

    @property
    def root(self) -> Path:
        """The folder with dvc.yaml and params.yaml."""
        return Path(self.workspace)

    def repro(self, context: dg.AssetExecutionContext, node: StageNode) -> Outcome:
        """Bring one stage up to date. DVC is asked first, so that an unchanged stage opens no Pipes session.

        Raises:
            dagster.Failure: DVC or the stage ended with an error; the description is its last line.
        """
        outcome = self._run(context, node, dry=True)
        if outcome.unchanged:  # a dry run says "restored" also where nothing can be
            context.log.info("%s: unchanged, nothing to run", node.name)
            return outcome
        return self._run(context, node, dry=False)

    def _run(self, context: dg.AssetExecutionContext, node: StageNode, *, dry: bool) -> Outcome:
        deadline = time.monotonic() + self.lock_timeout_s
        while True:
            outcome = self._dry(node) if dry else self._in_session(context, node)
            if outcome.code == 0:
                return outcome
            if not outcome.busy or time.monotonic() > deadline:
                raise _failure(node, outcome)
            context.log.info("%s: another DVC process holds the lock, trying again", node.name)
            time.sleep(RETRY_S)

    def _dry(self, node: StageNode) -> Outcome:
        return run_group(repro_command(node.name, dry=True), cwd=self.root, env=self._environment(), grace_s=1.0)

    def _in_session(self, context: dg.AssetExecutionContext, node: StageNode) -> Outcome:
        with dg.open_pipes_session(
            context=context,
            context_injector=dg.PipesTempFileContextInjector(),
            message_reader=dg.PipesTempFileMessageReader(),
        ) as session:
            pipes = session.get_bootstrap_env_vars()
            env = {**self._environment(), **pipes, "MEDRWR_PIPELINE_RUN": pipeline_run(context)}
            command = repro_command(node.name)
            return run_group(command, cwd=self.root, env=env, echo=sys.stdout.write, grace_s=self.grace_s)

    def _environment(self) -> dict[str, str]:
        """Stages are `python -m pipelines ...`: they get the interpreter that runs Dagster."""
        here = str(Path(sys.executable).parent)
        return {**TELEMETRY_OFF, "PATH": f"{here}{os.pathsep}{os.environ.get('PATH', '')}", "PYTHONUNBUFFERED": "1"}


def pipeline_run(context: dg.AssetExecutionContext) -> str:
    """The id that ties the MLflow runs of one Dagster run together: its root run, so that a retry joins it."""
    return f"dagster-{context.run.root_run_id or context.run.run_id}"


def _failure(node: StageNode, outcome: Outcome) -> dg.Failure:
    lines = [line for line in outcome.tail if line.strip()]
    reason = next((line for line in reversed(lines) if not line.startswith("ERROR: failed to reproduce")), "no output")
    log = "\n".join(lines)
    return dg.Failure(
        description=f"{node.name} ended with exit code {outcome.code}: {reason}",
        metadata={"last lines": dg.MetadataValue.md(f"```\n{log}\n```")},
        allow_retries=False,
    )
