"""Decoders of damaged files end their process, hang, or ask for all memory: only the worker pays."""

from __future__ import annotations

import os
import signal
import time

import pytest

from medrwr.errors import ImageError
from medrwr.serving.isolation import Isolation


def crash() -> None:
    os.kill(os.getpid(), signal.SIGABRT)


def refuse() -> None:
    raise ImageError("the file is damaged: replace it")


def hoard() -> int:
    return len(bytearray(64 << 30))


def test_a_crash_is_an_error_and_the_next_file_is_decoded() -> None:
    isolation = Isolation()
    own = os.getpid()
    first = isolation.run(os.getpid)
    assert first != own
    assert isolation.run(os.getpid) == first  # the worker stays
    with pytest.raises(ImageError, match="breaks its decoder"):
        isolation.run(crash)
    assert isolation.run(os.getpid) not in (own, first)
    with pytest.raises(ImageError, match="the file is damaged"):
        isolation.run(refuse)
    with pytest.raises(ImageError, match="too much memory"):
        isolation.run(hoard)
    assert isolation.run(abs, -2) == 2


def test_what_hangs_is_ended() -> None:
    isolation = Isolation(seconds=2)
    isolation.run(os.getpid)
    began = time.monotonic()
    with pytest.raises(ImageError, match="more than 2 s"):
        isolation.run(time.sleep, 60)
    assert time.monotonic() - began < 10
    assert isolation.run(abs, -1) == 1
