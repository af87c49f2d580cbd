"""The workspace: revision, disk, parameters, the device they ask for, stages, base checkpoint."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo

from pipelines.doctor.finding import Finding
from pipelines.params import load_params

_LEAST_DISK_GIB = 5.0  # what the default leaves behind, cache and registry included, and as much again


def check_git(root: Path) -> Finding:
    """Runs record the revision."""
    if shutil.which("git") is None:
        return Finding("git", "missing", "not on the path", "install git")
    inside = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True, check=False
    )
    if inside.returncode:
        return Finding("git", "missing", "no commit here", "runs record their revision: git init, and commit")
    return Finding("git", "ok", f"at {inside.stdout.strip()}")


def check_disk(root: Path) -> Finding:
    """Of the file system that holds the workspace."""
    free = shutil.disk_usage(root).free / 2**30
    if free >= _LEAST_DISK_GIB:
        return Finding("disk", "ok", f"{free:.0f} GiB free")
    return Finding(
        "disk", "warning", f"{free:.1f} GiB free", f"the default needs {_LEAST_DISK_GIB:g}: dvc gc --workspace"
    )


def check_accelerator(root: Path) -> Finding:
    """CUDA, where the parameters ask for it."""
    import torch

    wanted = load_params(root).base.device
    if torch.cuda.is_available():
        return Finding("accelerator", "ok", torch.cuda.get_device_name(0))
    if wanted.startswith("cuda"):
        return Finding(
            "accelerator", "missing", "none", f"base.device is {wanted}: install a driver, or set it to auto"
        )
    return Finding("accelerator", "ok", "none: the CPU is used")


def check_parameters(root: Path) -> Finding:
    """params.yaml, as every stage reads it."""
    return Finding("parameters", "ok", f"seed {load_params(root).base.seed}")


def check_stages(root: Path) -> Finding:
    """Which stages `dvc repro` would run."""
    try:
        with Repo(str(root)) as repo:
            stages, changed = repo.index.stages, sorted(name.rpartition(":")[2] for name in repo.status())
    except DvcException as error:
        return Finding("stages", "missing", "dvc.yaml cannot be used", str(error))
    if changed:
        return Finding(
            "stages", "warning", f"{len(changed)} of {len(stages)} to run: {', '.join(changed)}", "dvc repro"
        )
    return Finding("stages", "ok", f"{len(stages)}, all up to date")


def check_base(root: Path) -> Finding:
    """A folder with weights, or a name that will be looked up on the hub."""
    name = load_params(root).base_model.checkpoint
    folder = root / name
    if any(folder.glob("*.safetensors")):
        return Finding("base checkpoint", "ok", name)
    if folder.is_dir():
        return Finding(
            "base checkpoint", "missing", f"{name} holds no .safetensors", "git checkout, or make base-model"
        )
    return Finding("base checkpoint", "warning", f"{name} is no folder here", "it will be fetched from the hub by name")
