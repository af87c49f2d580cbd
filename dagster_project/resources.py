"""What assets get from their surroundings: the workspace, and DVC as the one that runs stages."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_project.process import Outcome, repro_command, run_group
from pipelines.process import TELEMETRY_OFF

if TYPE_CHECKING:
    from dagster_project.graph import StageNode

RETRY_S = 2.0
Metadata = Mapping[str, dg.MetadataValue[Any]]
Attempt = Callable[[dg.AssetExecutionContext, "StageNode"], tuple[Outcome, Metadata]]


class DvcRunner(dg.ConfigurableResource):  # type: ignore[type-arg]
    """`dvc repro` in `workspace`; waits up to `lock_timeout_s` for another DVC process, ends a stage in `grace_s`."""

    workspace: str
    grace_s: float = 20.0
    lock_timeout_s: float = 600.0

    @property
    def root(self) -> Path:
        """The folder with dvc.yaml and params.yaml."""
        return Path(self.workspace)

    def repro(self, context: dg.AssetExecutionContext, node: StageNode) -> tuple[Outcome, Metadata]:
        """Bring one stage up to date; how that ended, and what the stage itself reported.

        DVC is asked first, so that an unchanged stage opens no Pipes session.

        Raises:
            dagster.Failure: DVC or the stage ended with an error; the description is its last line.
        """
        outcome, _ = self._patiently(context, node, self._dry)
        if outcome.unchanged:  # a dry run says "restored" also where nothing can be
            context.log.info("%s: unchanged, nothing to run", node.name)
            return outcome, {}
        return self._patiently(context, node, self._in_session)

    def _patiently(
        self, context: dg.AssetExecutionContext, node: StageNode, attempt: Attempt
    ) -> tuple[Outcome, Metadata]:
        deadline = time.monotonic() + self.lock_timeout_s
        while True:
            outcome, metadata = attempt(context, node)
            if outcome.code == 0:
                return outcome, metadata
            if not outcome.busy or time.monotonic() > deadline:
                raise _failure(node, outcome)
            context.log.info("%s: another DVC process holds the lock, trying again", node.name)
            time.sleep(RETRY_S)

    def _dry(self, _context: dg.AssetExecutionContext, node: StageNode) -> tuple[Outcome, Metadata]:
        command = repro_command(node.name, dry=True)
        return run_group(command, cwd=self.root, env=self._environment(), grace_s=1.0), {}

    def _in_session(self, context: dg.AssetExecutionContext, node: StageNode) -> tuple[Outcome, Metadata]:
        with dg.open_pipes_session(
            context=context,
            context_injector=dg.PipesTempFileContextInjector(),
            message_reader=dg.PipesTempFileMessageReader(),
            extras={"root_run_id": root_run(context)},
        ) as session:
            pipes = session.get_bootstrap_env_vars()
            env = {**self._environment(), **pipes, "MEDRWR_PIPELINE_RUN": f"dagster-{root_run(context)}"}
            command = repro_command(node.name)
            outcome = run_group(command, cwd=self.root, env=env, echo=sys.stdout.write, grace_s=self.grace_s)
        # Read after the session is closed: until then the last messages may be on their way.
        return outcome, {key: value for item in session.get_reported_results() for key, value in _pairs(item.metadata)}

    def _environment(self) -> dict[str, str]:
        """Stages are `python -m pipelines ...`: they get the interpreter that runs Dagster."""
        here = str(Path(sys.executable).parent)
        return {**TELEMETRY_OFF, "PATH": f"{here}{os.pathsep}{os.environ.get('PATH', '')}", "PYTHONUNBUFFERED": "1"}


def root_run(context: dg.AssetExecutionContext) -> str:
    """The run that a retry goes back to: it names the pipeline run, so that a retry joins what it continues."""
    return str(context.run.root_run_id or context.run.run_id)


def _pairs(metadata: Mapping[str, Any] | None) -> Iterable[tuple[str, dg.MetadataValue[Any]]]:
    return (metadata or {}).items()


def _failure(node: StageNode, outcome: Outcome) -> dg.Failure:
    lines = [line for line in outcome.tail if line.strip()]
    reason = next((line for line in reversed(lines) if not line.startswith("ERROR: failed to reproduce")), "no output")
    log = "\n".join(lines)
    return dg.Failure(
        description=f"{node.name} ended with exit code {outcome.code}: {reason}",
        metadata={"last lines": dg.MetadataValue.md(f"```\n{log}\n```")},
        allow_retries=False,
    )
