"""An encoder whose first worker is killed in the middle of its work, as by a machine that runs out of memory."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from medrwr.retrieval.encoder import Matrix
from tests.retrieval.fakes import WordEncoder


class MortalEncoder(WordEncoder):
    """Kills the process that it is in once, at its second call; `mark` remembers that it did."""

    def __init__(self, mark: Path) -> None:
        super().__init__()
        self._mark, self._calls = mark, 0

    def encode(self, texts: Sequence[str]) -> Matrix:
        self._calls += bool(texts)
        if self._calls == 2 and not self._mark.exists():
            self._mark.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts)
