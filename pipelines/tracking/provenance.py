"""Which code, which parameters, which pipeline run."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

PIPELINE_RUN = "MEDRWR_PIPELINE_RUN"
UNKNOWN_REVISION = "unversioned"


def git_revision(root: Path) -> str:
    """The commit of the workspace, '-dirty' when tracked files differ from it; 'unversioned' outside git."""
    revision = _git(root, "rev-parse", "HEAD")
    if revision is None:
        return UNKNOWN_REVISION
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!dvc.lock")
    return revision + ("-dirty" if changed else "")


def pipeline_key(root: Path, *, revision: str, dagster_run: str | None) -> str:
    """What the stages of one pipeline run have in common, and other runs do not.

    Dagster's root run; else MEDRWR_PIPELINE_RUN when set (`make pipeline` does, and Dagster's server may have
    inherited it); else code and parameters: a `dvc repro` that is interrupted and started again, or repeated by
    hand stage by stage, is one pipeline run.
    """
    if dagster_run is not None:
        return f"dagster-{dagster_run}"
    if named := os.environ.get(PIPELINE_RUN):
        return named
    return f"{revision[:12]}-{params_digest(root)[:12]}"


def params_digest(root: Path) -> str:
    """SHA-256 of params.yaml's bytes."""
    return hashlib.sha256((root / "params.yaml").read_bytes()).hexdigest()


def digest_tags(digests: Mapping[str, str]) -> dict[str, str]:
    """Data digests as MLflow tags: 'digest.data/clinic' -> md5."""
    return {f"digest.{path}": digest for path, digest in digests.items()}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
