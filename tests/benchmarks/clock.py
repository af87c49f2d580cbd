"""What the rollout benchmark measures time by."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")


def now() -> float:
    """Seconds of processor time; on an accelerator wall time, once it has done all that it was given."""
    import torch

    if not torch.cuda.is_available():
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def clocked(work: Callable[[], Result]) -> tuple[Result, float]:
    """The result, and how long it took."""
    start = now()
    result = work()
    return result, now() - start


@contextmanager
def timing(owner: Any, name: str) -> Iterator[list[float]]:
    """The seconds of each call of a class's method while the block runs; then the method is as it was."""
    original, taken = getattr(owner, name), []

    def timed(*args: Any, **kwargs: Any) -> Any:
        result, seconds = clocked(lambda: original(*args, **kwargs))
        taken.append(seconds)
        return result

    setattr(owner, name, timed)
    try:
        yield taken
    finally:
        setattr(owner, name, original)
