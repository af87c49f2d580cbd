"""Progress for people: a bar on a terminal, plain lines elsewhere (logs of Dagster, DVC, CI)."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_INTERVAL_S = 10.0


class ProgressLine:
    """`update` as often as you like: a line appears at most every `interval_s`, and when the work is done."""

    def __init__(self, stream: TextIO | None = None, *, interval_s: float = LINE_INTERVAL_S) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._interval_s = interval_s
        self._last: dict[str, float] = {}
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def update(self, done: int, total: int, label: str) -> None:
        """Say that `done` of `total` pieces of the work called `label` are done."""
        if self._stream.isatty():
            self._draw(done, total, label)
            return
        now = time.monotonic()
        if done < total and now - self._last.setdefault(label, now) < self._interval_s:
            return
        self._last[label] = now
        self._stream.write(f"{label}: {done}/{total}\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, done: int, total: int, label: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(file=self._stream), transient=True)
            self._bar.start()
        if label not in self._tasks:
            self._tasks[label] = self._bar.add_task(label, total=total)
        self._bar.update(self._tasks[label], completed=done, total=total)
