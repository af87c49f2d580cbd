"""Gives freed memory back to the system: glibc keeps what large request bodies took, in one heap for each thread."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

import anyio
import anyio.to_thread

TRIM_S = 5.0


def heap_trimmer() -> Callable[[], None] | None:
    """What trims this process's heaps; None where the C library has no such function."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library
        return None

    def run() -> None:
        trim(0)

    return run


async def trim_while(busy: Callable[[], int], *, every_s: float = TRIM_S) -> None:
    """Trim every few seconds in which `busy`, a count of requests, has grown; until cancelled."""
    trim = heap_trimmer()
    if trim is None:
        return
    seen = busy()
    while True:
        await anyio.sleep(every_s)
        if busy() != seen:
            seen = busy()
            await anyio.to_thread.run_sync(trim)
