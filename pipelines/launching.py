"""A training stage on several processes: the stage's process starts itself again under torch's launcher.

Process 0 tracks, saves and reports; the others only train. A stage that DeepSpeed runs alone gets the variables of a
launcher with one process, without which DeepSpeed looks for MPI.
"""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from medrwr.config import GrpoSettings, Params
from pipelines.launch_plan import LaunchPlan, plan_of

LAUNCHED = "WORLD_SIZE"


def is_first() -> bool:
    """Whether this process is the one that tracks and saves."""
    return os.environ.get("RANK", "0") == "0"


def settings_of(stage: str, params: Params) -> GrpoSettings | None:
    """The settings of a GRPO stage; None for any other."""
    settings = getattr(params, stage, None)
    return settings if isinstance(settings, GrpoSettings) else None


def launch_plan(stage: str, params: Params) -> LaunchPlan | None:
    """What this process should start in its place; None: it runs the stage itself."""
    settings = settings_of(stage, params)
    if settings is None or not settings.enabled or LAUNCHED in os.environ:
        return None
    processes = settings.processes or _accelerators(params)
    return plan_of(stage, settings, processes=processes, accelerators=_on_accelerators(settings, params))


def launch(plan: LaunchPlan, *, root: Path) -> int:
    """Run the stage as planned; returns the launcher's exit code.

    Raises:
        EngineError: the launcher's cluster or program is missing.
    """
    if plan.launcher == "kubernetes":
        from pipelines.launch_kubernetes import launch_on_kubernetes

        return launch_on_kubernetes(plan, root=root)
    if plan.launcher == "ray":
        from pipelines.launch_ray import launch_on_ray

        return launch_on_ray(plan, root=root)
    return subprocess.run(plan.on_node(), cwd=root, check=False).returncode


def be_alone() -> None:
    """Say to DeepSpeed that there is one process, unless a launcher has said otherwise."""
    if LAUNCHED in os.environ:
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    alone = {"RANK": "0", "LOCAL_RANK": "0", LAUNCHED: "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ.update(alone)


def _on_accelerators(settings: GrpoSettings, params: Params) -> bool:
    """What a cluster is asked for; `device: auto` asks for what this machine has."""
    if settings.launcher in ("local", "torchrun"):
        return False
    if params.base.device != "auto":
        return params.base.device == "cuda"
    import torch

    return bool(torch.cuda.is_available())


def _accelerators(params: Params) -> int:
    if params.base.device == "cpu":
        return 1
    import torch

    return int(torch.cuda.device_count()) or 1
