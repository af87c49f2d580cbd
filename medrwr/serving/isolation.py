"""Decodes what strangers send in a process of its own: a decoder that crashes or hangs takes nothing along.

Decoders of compressed DICOM files are C and C++ code; damaged files make some of them end their process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple, ParamSpec, TypeVar

from medrwr.errors import ImageError

P = ParamSpec("P")
R = TypeVar("R")
_MEMORY = 6 << 30  # bytes of address space


class Isolation:
    """One worker, one call at a time, so that what broke it is known; it is started when it is needed."""

    def __init__(self, *, seconds: float = 30.0) -> None:
        """`seconds`: the longest that one call may take."""
        self._seconds, self._lock = seconds, threading.Lock()
        self._worker: _Worker | None = None

    def run(self, work: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> R:
        """What `work`, a function of a module, gives there.

        Raises:
            ImageError: the worker ended, took too long or had no memory; or `work` raised it.
        """
        with self._lock:
            try:
                worker = self._worker = self._worker or _start()
                return worker.pool.submit(work, *arguments, **named).result(self._seconds)
            except BrokenProcessPool:
                self._end()
                raise ImageError("the file breaks its decoder: save it in another transfer syntax") from None
            except TimeoutError:
                self._end()
                raise ImageError(f"decoding took more than {self._seconds:g} s: save a smaller file") from None
            except MemoryError:
                raise ImageError("decoding takes too much memory: save a smaller file") from None

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            worker.pool.shutdown(wait=False, cancel_futures=True)


class _Worker(NamedTuple):
    pool: ProcessPoolExecutor
    pid: int


def _start() -> _Worker:
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_limit)
    return _Worker(pool, pool.submit(os.getpid).result())


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
