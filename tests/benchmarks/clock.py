"""What the rollout benchmark measures time by."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

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
