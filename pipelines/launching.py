"""A training stage on several processes: the stage's process starts itself again under torch's launcher.

Process 0 tracks, saves and reports; the others only train. A stage that DeepSpeed runs alone gets the variables of a
launcher with one process, without which DeepSpeed looks for MPI.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from medrwr.config import GrpoSettings, Params

LAUNCHED = "WORLD_SIZE"


def is_first() -> bool:
    """Whether this process is the one that tracks and saves."""
    return os.environ.get("RANK", "0") == "0"


def settings_of(stage: str, params: Params) -> GrpoSettings | None:
    """The settings of a GRPO stage; None for any other."""
    settings = getattr(params, stage, None)
    return settings if isinstance(settings, GrpoSettings) else None


def processes_to_launch(stage: str, params: Params) -> int:
    """How many processes this one should start in its place; 0: it runs the stage itself."""
    settings = settings_of(stage, params)
    if settings is None or not settings.enabled or LAUNCHED in os.environ:
        return 0
    count = settings.processes or _accelerators(params)
    return count if count > 1 else 0


def launch(stage: str, count: int, *, root: Path) -> int:
    """Run the stage on `count` processes of this machine; returns the launcher's exit code."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(count)]
    return subprocess.run([*command, "-m", "pipelines", stage], cwd=root, check=False).returncode


def be_alone() -> None:
    """Say to DeepSpeed that there is one process, unless a launcher has said otherwise."""
    if LAUNCHED in os.environ:
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    alone = {"RANK": "0", "LOCAL_RANK": "0", LAUNCHED: "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ.update(alone)


def _accelerators(params: Params) -> int:
    if params.base.device == "cpu":
        return 1
    import torch

    return int(torch.cuda.device_count()) or 1
