"""dvc.lock as data versions: what DVC recorded is what Dagster compares."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from medrwr.errors import ConfigError

FILE = "dvc.lock"


@dataclass(frozen=True, slots=True)
class RecordedOut:
    """One out of a stage as dvc.lock has it; `files` is 1 for a plain file."""

    path: str
    md5: str
    size: int
    files: int


def recorded_outs(root: Path, stage: str) -> tuple[RecordedOut, ...]:
    """The outs of `stage` in dvc.lock; empty when it never ran.

    Raises:
        ConfigError: dvc.lock is damaged.
    """
    return tuple(_recorded(root, entry) for entry in _items(root, stage, "outs"))


def recorded_digest(root: Path, path: str) -> str | None:
    """The md5 of a dep as the stages that read it had it last; None when none ran."""
    for stage in _stages(root):
        for entry in _items(root, stage, "deps"):
            if entry.get("path") == path:
                return str(entry.get("md5", "")) or None
    return None


def _recorded(root: Path, entry: Any) -> RecordedOut:
    try:
        return RecordedOut(
            entry["path"], str(entry.get("md5", "")), int(entry.get("size", 0)), int(entry.get("nfiles", 1))
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(root) from error


def _items(root: Path, stage: str, kind: str) -> list[dict[str, Any]]:
    entry = _stages(root).get(stage) or {}
    items = entry.get(kind) or [] if isinstance(entry, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _damaged(root)
    return items


def _stages(root: Path) -> dict[str, Any]:
    path = root / FILE
    if not path.exists():
        return {}
    stat = path.stat()
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, _time_ns: int, _size: int) -> dict[str, Any]:
    """The stages of a lock file, read once as long as it stays what it is: there may be hundreds."""
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
        stages = content.get("stages", {})
    except (YAMLError, UnicodeDecodeError, AttributeError) as error:
        raise _damaged(path.parent) from error
    if not isinstance(stages, dict):
        raise _damaged(path.parent)
    return stages


def _damaged(root: Path) -> ConfigError:
    return ConfigError(
        f"{root / FILE} is damaged, expected what `dvc repro` wrote: take it from git (`git checkout {FILE}`), "
        "or remove it and run `dvc repro`"
    )


def data_version(outs: Sequence[RecordedOut], consumed: Sequence[str]) -> str | None:
    """DVC's md5 of the one consumed out, else the digest over path and md5 of all of them; None when unrecorded."""
    kept = sorted((out.path, out.md5) for out in outs if out.path in consumed)
    if not kept:
        return None
    if len(kept) == 1:
        return kept[0][1]
    return hashlib.sha256("\n".join(f"{path} {md5}" for path, md5 in kept).encode()).hexdigest()[:32]
