"""Seconds and peak memory of a stage, children included."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType

PROC = Path("/proc")


class Measure:
    """Context manager that samples the resident memory of this process and its descendants.

    `peak_mb` is the largest sum seen (every `interval_s`), at least this process' own high-water mark. Memory
    shared between processes counts in each of them, so that the figure is an upper bound.
    """

    def __init__(self, interval_s: float = 0.5) -> None:
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="measure", daemon=True)
        self._start = 0.0
        self._peak_kb = 0
        self.seconds = 0.0

    def __enter__(self) -> Measure:
        self._start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.monotonic() - self._start
        self._stop.set()
        self._thread.join()
        self._peak_kb = max(self._peak_kb, tree_kb(os.getpid()), status_kb(os.getpid(), "VmHWM"))

    @property
    def peak_mb(self) -> float:
        """Peak resident memory in MiB."""
        return self._peak_kb / 1024

    def _sample(self) -> None:
        while not self._stop.wait(self._interval_s):
            self._peak_kb = max(self._peak_kb, tree_kb(os.getpid()))


def tree_kb(pid: int) -> int:
    """Resident memory (KiB) of a process and its descendants; 0 where there is no /proc."""
    return status_kb(pid, "VmRSS") + sum(tree_kb(child) for child in _children(pid))


def status_kb(pid: int, field: str) -> int:
    """One memory field of /proc/<pid>/status in KiB; 0 when the process has gone."""
    try:
        lines = (PROC / str(pid) / "status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(field + ":")), 0)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in (PROC / str(pid) / "task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text(encoding="ascii").split()]
        except OSError:  # the thread ended while we looked
            continue
    return found
