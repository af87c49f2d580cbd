"""How a training stage is started on several processes: what to run on each node."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medrwr.config import GrpoSettings

PORT = 29500
Launcher = Literal["local", "torchrun", "ray", "kubernetes"]


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """`processes` on each of `nodes`; `rendezvous` is host:port of one node, which all others reach."""

    launcher: Launcher
    stage: str
    processes: int
    nodes: int = 1
    rendezvous: str = ""
    accelerators: bool = False

    def on_node(self, *, python: str = sys.executable, rendezvous: str = "", module: Sequence[str] = ()) -> list[str]:
        """The command of one node, the same on all: torch's launcher numbers them as they come.

        `module` and its arguments take the place of the stage.
        """
        module = module or ("pipelines", self.stage)
        where = ["--standalone"]
        if self.nodes > 1:
            endpoint = rendezvous or self.rendezvous
            where = ["--nnodes", str(self.nodes), "--rdzv_backend", "c10d", "--rdzv_endpoint", endpoint]
            where += ["--rdzv_id", f"medrwr-{self.stage}"]
        launcher = [python, "-m", "pipelines.torch_launcher", *where, "--nproc_per_node", str(self.processes)]
        return [*launcher, "-m", *module]


def plan_of(stage: str, settings: GrpoSettings, *, processes: int, accelerators: bool = False) -> LaunchPlan | None:
    """None: one process is enough, and it is this one."""
    if settings.launcher in ("local", "torchrun") and settings.nodes == 1 and processes <= 1:
        return None
    return LaunchPlan(
        settings.launcher, stage, max(1, processes), settings.nodes, settings.rendezvous, accelerators=accelerators
    )
