"""dvc.lock as data versions: what DVC recorded is what Dagster compares."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FILE = "dvc.lock"


@dataclass(frozen=True, slots=True)
class RecordedOut:
    """One out of a stage as dvc.lock has it; `files` is 1 for a plain file."""

    path: str
    md5: str
    size: int
    files: int


def recorded_outs(root: Path, stage: str) -> tuple[RecordedOut, ...]:
    """The outs of `stage` in dvc.lock; empty when it never ran."""
    path = root / FILE
    if not path.exists():
        return ()
    content: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
    entry = content.get("stages", {}).get(stage, {})
    return tuple(
        RecordedOut(out["path"], str(out.get("md5", "")), int(out.get("size", 0)), int(out.get("nfiles", 1)))
        for out in entry.get("outs", ())
    )


def data_version(outs: Sequence[RecordedOut], consumed: Sequence[str]) -> str | None:
    """DVC's md5 of the one consumed out, else the digest over path and md5 of all of them; None when unrecorded."""
    kept = sorted((out.path, out.md5) for out in outs if out.path in consumed)
    if not kept:
        return None
    if len(kept) == 1:
        return kept[0][1]
    return hashlib.sha256("\n".join(f"{path} {md5}" for path, md5 in kept).encode()).hexdigest()[:32]
