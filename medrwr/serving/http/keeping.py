"""What a server keeps: feedback, durably; observations for the drift sensor and an audit log, as well as it can."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medrwr.serving.http.service import Finished

REMEMBERED = 10_000  # answers that feedback can still name


class Lines:
    """Appends JSON lines to a file, whole lines only; `durable` waits until the disk has them."""

    def __init__(self, file: Path, *, durable: bool = False) -> None:
        self._file, self._durable, self._lock = file, durable, threading.Lock()

    def append(self, record: dict[str, Any]) -> None:
        """Raises:
        OSError: it could not be written; the file is as it was.
        """
        line = (json.dumps({"time": _now(), **record}, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        with self._lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                before = os.fstat(handle).st_size
                try:
                    _write_all(handle, line)
                    if self._durable:
                        os.fsync(handle)
                except OSError:
                    os.ftruncate(handle, before)
                    raise
            finally:
                os.close(handle)


def _write_all(handle: int, line: bytes) -> None:
    while line:
        line = line[os.write(handle, line) :]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What feedback on an answer is kept with: no image."""

    question: str
    options: tuple[str, ...]
    letter: str
    version: str

    @classmethod
    def of(cls, done: Finished) -> Remembered:
        return cls(done.question.text, done.question.options, done.answer.letter, done.answer.model.version)


class Memory:
    """The last answers by id."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most, self._known, self._lock = most, OrderedDict[str, Remembered](), threading.Lock()

    def keep(self, identity: str, answer: Remembered) -> None:
        with self._lock:
            self._known[identity] = answer
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def find(self, identity: str) -> Remembered | None:
        with self._lock:
            return self._known.get(identity)


def observation(done: Finished) -> dict[str, Any]:
    """What drift is seen by: no content."""
    answer = done.answer
    return {
        "version": answer.model.version,
        "confidence": answer.confidence,
        "reretrieved": answer.reretrieved,
        "abstained": answer.abstained,
    }
