"""Freed memory goes back to the system while requests come in, and nothing is done without any."""

from __future__ import annotations

import anyio
import pytest

from medrwr.serving.http import trimming


def test_memory_is_trimmed_when_requests_have_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts 0, 1, 1, 2 at the end of four intervals: trimmed twice."""
    trimmed: list[int] = []
    counts = iter([0, 0, 1, 1, 1, 2, 2])
    monkeypatch.setattr(trimming, "heap_trimmer", lambda: lambda: trimmed.append(1))

    def busy() -> int:
        try:
            return next(counts)
        except StopIteration:
            raise EOFError from None

    with pytest.raises(EOFError):
        anyio.run(lambda: trimming.trim_while(busy, every_s=0.0))
    assert len(trimmed) == 2


def test_the_real_function_can_be_called() -> None:
    trim = trimming.heap_trimmer()
    if trim is None:
        pytest.skip("this C library has no malloc_trim")
    trim()
