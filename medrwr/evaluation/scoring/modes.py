"""Every way of reading a completion, by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from medrwr.errors import ConfigError
from medrwr.evaluation.scoring.native import Reading, read_medxpertqa, read_mirage, read_mmmu, read_vqa
from medrwr.evaluation.scoring.strict import read_letter

Mode = Callable[[str, Sequence[str]], Reading]
STRICT = "strict"


def read_strict(completion: str, options: Sequence[str]) -> Reading:
    """Ours: never guessed."""
    return Reading(read_letter(completion, options))


MODES: dict[str, Mode] = {
    STRICT: read_strict,
    "mirage": read_mirage,
    "medxpertqa": read_medxpertqa,
    "mmmu": read_mmmu,
    "vqa": read_vqa,
}


def mode_of(name: str) -> Mode:
    """The way called `name`.

    Raises:
        ConfigError: there is none.
    """
    if name not in MODES:
        close = difflib.get_close_matches(name, MODES, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(MODES)}"
        raise ConfigError(f"--scoring {name!r} is unknown: {hint}")
    return MODES[name]
