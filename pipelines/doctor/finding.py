"""What was found of one need, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One need: what was found, and what to do about it (empty when all is well)."""

    need: str
    verdict: Verdict
    found: str
    remedy: str = ""
