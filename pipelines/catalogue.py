"""The stages by name, with what the process that runs one has to know. Their graph is dvc.yaml."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from medrwr.errors import ConfigError


@dataclass(frozen=True, slots=True)
class StageInfo:
    """`tracked`: it gets an MLflow run of its own. `torch`: torch is imported and seeded before it runs."""

    tracked: bool = False
    torch: bool = False


STAGES: dict[str, StageInfo] = {
    "clinic": StageInfo(),
    "base_model": StageInfo(tracked=True, torch=True),
    "knowledge_base": StageInfo(),
    "encoders": StageInfo(tracked=True, torch=True),
    "index": StageInfo(),
    "case_index": StageInfo(),
    "reconstruct": StageInfo(),
    "curate": StageInfo(torch=True),
    "sft": StageInfo(tracked=True, torch=True),
    "grpo_text": StageInfo(tracked=True, torch=True),
    "grpo_multimodal": StageInfo(tracked=True, torch=True),
    "calibrate": StageInfo(tracked=True, torch=True),
    "evaluate": StageInfo(tracked=True, torch=True),
    "register": StageInfo(),
}


def find_stage(name: str) -> StageInfo:
    """The stage called `name`.

    Raises:
        ConfigError: there is none; says which one was probably meant.
    """
    if name in STAGES:
        return STAGES[name]
    raise ConfigError(f"stage {name!r} is unknown: {suggest(name, list(STAGES))}")


def suggest(name: str, known: list[str]) -> str:
    """'did you mean ..?' for the closest known name, else all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
