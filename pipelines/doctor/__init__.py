"""What a workspace needs before it runs: each need is looked at, and what is missing comes with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from medrwr.errors import MedrwrError
from pipelines.doctor import machine, stores, workspace
from pipelines.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]

MACHINE: dict[str, Callable[[], Finding]] = {
    "python": machine.check_python,
    "packages": machine.check_packages,
    "onnxruntime": machine.check_onnxruntime,
    "memory": machine.check_memory,
    "tools": machine.check_tools,
}
WORKSPACE: dict[str, Callable[[Path], Finding]] = {
    "git": workspace.check_git,
    "disk": workspace.check_disk,
    "parameters": workspace.check_parameters,
    "accelerator": workspace.check_accelerator,
    "base checkpoint": workspace.check_base,
    "stages": workspace.check_stages,
    "dvc remote": stores.check_remote,
    "mlflow": stores.check_mlflow,
    "champion's files": stores.check_champion,
}


def examine(root: Path) -> Iterator[Finding]:
    """Look at every need; one that cannot be looked at is missing, and the next one follows."""
    needs: dict[str, Callable[[], Finding]] = {
        **MACHINE,
        **{need: partial(check, root) for need, check in WORKSPACE.items()},
    }
    for need, look in needs.items():
        try:
            yield look()
        except MedrwrError as error:
            yield Finding(need, "missing", "cannot be looked at", str(error))
