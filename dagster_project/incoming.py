"""New files in `incoming/` lead to a run: settled files only, each content once.

The folders are ordinary inputs of the graph: a source of `knowledge_base.sources`, or a set of `datasets`, names one as
its path. DVC decides what has to run. Files wait for their last byte: one whose size or time has changed since the last
look is not taken yet, whatever the clock says.
"""

# No `from __future__ import annotations`: Dagster reads the annotations of sensor functions as objects.

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from dagster_project.automation import JOB, sensor_status
from dagster_project.graph import StageNode, overlap
from medrwr.digests import file_digest

FOLDER = "incoming"
KINDS = ("documents", "cases", "questions")
UNFINISHED = (".part", ".tmp", ".crdownload", ".swp")
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the folder found: `states` of all files (for the next look), digests, and the new files."""

    states: dict[str, tuple[int, int]]
    digests: frozenset[str]
    new: tuple[str, ...]
    waiting: int


def look(root: Path, folders: Sequence[str], states: dict[str, tuple[int, int]], known: frozenset[str]) -> Look:
    """Compare the folders with the last look; a file is new when it has settled and its content was never seen."""
    now = {path.relative_to(root).as_posix(): path for folder in folders for path in _files(root / folder)}
    found: dict[str, tuple[int, int]] = {}
    digests, new, waiting = set(known), [], 0
    for name, path in sorted(now.items()):
        try:
            stat = path.stat()
            found[name] = (stat.st_size, stat.st_mtime_ns)
            if states.get(name) != found[name] or stat.st_size == 0:
                waiting += 1
                continue
            digest = _digest(path, found[name])
        except OSError:  # moved away while we look
            continue
        if digest not in digests:
            digests.add(digest)
            new.append(name)
    return Look(found, frozenset(digests), tuple(new), waiting)


def build_incoming_sensor(
    nodes: Sequence[StageNode], root: Path, *, automatic: bool, interval_s: int
) -> dg.SensorDefinition:
    """Asks for a run of the whole graph when there is something new."""

    @dg.sensor(
        name=FOLDER,
        job_name=JOB,
        description=f"New files in {FOLDER}/{{{','.join(KINDS)}}} lead to a run.",
        minimum_interval_seconds=interval_s,
        default_status=sensor_status(automatic=automatic),
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        before = json.loads(context.cursor or "{}")
        states = {name: (size, time) for name, (size, time) in before.get("states", {}).items()}
        folders, idle = _read_and_idle(nodes, root)
        seen = look(root, folders, states, frozenset(before.get("digests", ())))
        cursor = json.dumps({"states": seen.states, "digests": sorted(seen.digests)})
        if not seen.new:
            return dg.SensorResult(skip_reason=_reason(seen, idle), cursor=cursor)
        key = hashlib.sha256("\n".join(sorted(seen.digests)).encode()).hexdigest()[:16]
        names = ", ".join(seen.new[:SHOWN]) + (f" and {len(seen.new) - SHOWN} more" if len(seen.new) > SHOWN else "")
        request = dg.RunRequest(run_key=f"{FOLDER}-{key}", tags={"medrwr/why": FOLDER, "medrwr/files": names[:255]})
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return watch


def _read_and_idle(nodes: Sequence[StageNode], root: Path) -> tuple[list[str], list[str]]:
    """Folders that a stage reads, and folders with files that none does."""
    folders = [f"{FOLDER}/{kind}" for kind in KINDS]
    read = [folder for folder in folders if any(overlap(folder, dep) for node in nodes for dep in node.deps)]
    idle = [folder for folder in folders if folder not in read and any(True for _ in _files(root / folder))]
    return read, idle


def _reason(seen: Look, idle: Sequence[str]) -> str:
    if idle:
        return (
            f"{', '.join(idle)} holds files, but no stage reads it: name it as a path in params.yaml "
            "(knowledge_base.sources or datasets)"
        )
    return f"{seen.waiting} files have not settled" if seen.waiting else "nothing new"


def _files(folder: Path) -> list[Path]:
    """Files that are meant to be read: not hidden, not half downloaded, not links."""
    if not folder.is_dir():
        return []
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in found if not path.name.startswith(".") and path.suffix not in UNFINISHED]


_DIGESTS: dict[tuple[Path, tuple[int, int]], str] = {}


def _digest(path: Path, state: tuple[int, int]) -> str:
    """SHA-256, 32 digits; read once as long as size and time stay."""
    if (path, state) not in _DIGESTS:
        _DIGESTS[path, state] = file_digest(path)[:32]
    return _DIGESTS[path, state]
