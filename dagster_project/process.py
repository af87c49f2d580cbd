"""Runs one stage through DVC as a process group of its own, so that a cancelled run leaves nothing behind.

DVC ignores SIGINT while a stage runs, and a signal to DVC alone does not reach the stage: the group gets SIGTERM,
after a grace period SIGKILL. DVC's own stale lock heals by itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

UNCHANGED = "didn't change, skipping"
RESTORED = "is cached - skipping run"
BUSY = ("Unable to acquire lock", "it is being blocked by", "Cannot acquire lock")
TAIL_LINES = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """How `dvc repro` ended: exit code, its last lines, and what DVC said it did instead of running the stage."""

    code: int
    tail: tuple[str, ...]
    unchanged: bool
    restored: bool
    busy: bool

    @property
    def skipped(self) -> bool:
        """Whether no stage ran: it was up to date, or its outs came from DVC's cache of earlier runs."""
        return self.unchanged or self.restored


def repro_command(stage: str, *, dry: bool = False) -> list[str]:
    """`dvc repro` for this stage alone, with the interpreter that runs us."""
    return [sys.executable, "-m", "dvc", "repro", "--single-item", *(["--dry"] if dry else []), stage]


def run_group(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    echo: Callable[[str], object] | None = None,
    grace_s: float = 20.0,
) -> Outcome:
    """Run `command` in a new session, passing on each line as it comes.

    Whatever interrupts the wait (a cancelled run, Ctrl-C), the whole group is ended before it goes on its way.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    seen = {UNCHANGED: False, RESTORED: False, **dict.fromkeys(BUSY, False)}
    try:
        assert process.stdout is not None
        _follow(process.stdout, tail, seen, echo)
        code = process.wait()
    except BaseException:
        end_group(process, grace_s)
        raise
    busy = code != 0 and any(seen[text] for text in BUSY)
    return Outcome(code, tuple(tail), seen[UNCHANGED], seen[RESTORED], busy)


def _follow(
    lines: Iterable[str], tail: deque[str], seen: dict[str, bool], echo: Callable[[str], object] | None
) -> None:
    for line in lines:
        tail.append(line.rstrip("\n"))
        for text in seen:
            seen[text] = seen[text] or text in line
        if echo is not None:
            echo(line)


def end_group(process: subprocess.Popen[str], grace_s: float) -> None:
    """SIGTERM to the group; SIGKILL to what is left of it after `grace_s`."""
    _signal(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline and _alive(process):
        time.sleep(0.1)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _alive(process: subprocess.Popen[str]) -> bool:
    process.poll()
    return _signal(process.pid, 0)


def _signal(group: int, number: int) -> bool:
    """Signal a group; False when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
