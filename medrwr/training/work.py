"""Work folders: a run that was killed goes on where its last whole checkpoint is, if its inputs are the same.

The folder's name is a digest of everything that the run depends on, so that a checkpoint of other settings or
other data is never resumed. It is removed when the run has succeeded.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_DIGEST_LENGTH = 16


def digest_of(inputs: Mapping[str, object]) -> str:
    """Digest of plain values (numbers, strings, lists, maps), independent of the order of the keys."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """Checkpoints of one run with one set of inputs, below the scratch of its stage."""

    scratch: Path
    digest: str

    @property
    def path(self) -> Path:
        return self.scratch / self.digest

    def open(self) -> Path | None:
        """Make the folder and clear what cannot be resumed; returns the last whole checkpoint, if there is one."""
        self.path.mkdir(parents=True, exist_ok=True)
        for other in self.scratch.iterdir():
            if other.is_dir() and other != self.path:
                shutil.rmtree(other, ignore_errors=True)  # another process of this run may be at it too
        whole: list[Path] = []
        for checkpoint in self.path.glob("checkpoint-*"):
            if _is_whole(checkpoint):
                whole.append(checkpoint)
            else:
                shutil.rmtree(checkpoint, ignore_errors=True)
        return max(whole, key=lambda path: int(path.name.removeprefix("checkpoint-")), default=None)

    def remove(self) -> None:
        """Forget the run: it has succeeded."""
        shutil.rmtree(self.scratch, ignore_errors=True)


def _is_whole(checkpoint: Path) -> bool:
    """The trainer writes its state last: a checkpoint without it, or with half of it, was cut short."""
    try:
        state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(state, dict) and "global_step" in state
