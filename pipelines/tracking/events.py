"""A run as a sequence of events, each written to a journal and played to MLflow at once or, if it is away, later."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any


@dataclass(frozen=True, slots=True)
class Begin:
    """A run starts. `journal` identifies it: a run that was half uploaded is found again."""

    journal: str
    stage: str
    pipeline: str
    time_ms: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Metrics of one moment."""

    metrics: dict[str, float]
    step: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class Files:
    """Files or folders to keep with the run, below `folder` there."""

    paths: list[str]
    folder: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """A run ends: FINISHED, FAILED or KILLED."""

    status: str
    time_ms: int
    tags: dict[str, str] = field(default_factory=dict)
    summary: dict[str, float] = field(default_factory=dict)


Event = Begin | Numbers | Files | End
_KINDS: dict[str, type[Event]] = {"begin": Begin, "numbers": Numbers, "files": Files, "end": End}
_NAMES = {kind: name for name, kind in _KINDS.items()}


class Journal:
    """An append-only file of events, locked while its process lives (a killed process loses the lock)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = path.open("a", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def append(self, event: Event) -> None:
        """Write one event; it is on its way to the disk when this returns."""
        self._file.write(json.dumps({"kind": _NAMES[type(event)], **asdict(event)}) + "\n")
        self._file.flush()

    def close(self, *, remove: bool) -> None:
        """Release the file; `remove` it when MLflow has all of it."""
        if remove:
            self.path.unlink(missing_ok=True)
        self._file.close()


def pending(folder: Path) -> Iterator[tuple[Path, list[Event]]]:
    """Journals that no living process writes, each with its events; held locked while the caller looks at them."""
    for path in sorted(folder.glob("*.jsonl")):
        try:
            with path.open("r+", encoding="utf-8") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield path, [event for line in stream if (event := _parse(line)) is not None]
        except (BlockingIOError, FileNotFoundError):  # its process lives, or has just sent it all
            continue


def _parse(line: str) -> Event | None:
    try:
        values: dict[str, Any] = json.loads(line)
        return _KINDS[values.pop("kind")](**values)
    except (ValueError, KeyError, TypeError):  # the last line of a process that was killed while writing it
        return None
