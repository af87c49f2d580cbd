"""Table 13: the base checkpoint against the trained one on the traditional VQA sets, through `medrwr eval` (M30)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from medrwr.config import Params
from medrwr.errors import ConfigError
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.runs.comparison import Difference, compare_runs, read_run
from medrwr.records import write_text_atomic

PUBLISHED: Mapping[str, tuple[float, float]] = {
    "slake-en": (74.0, 75.5),
    "vqa-rad": (73.1, 75.4),
    "path-vqa": (64.8, 69.9),
    "pmc-vqa": (53.0, 53.5),
    "omnimedvqa": (63.9, 73.1),
}
"""The paper's accuracies in per cent, base and Med-RwR."""
SMALL = 8
HEADER = ("set", "questions", "paper: base", "paper: Med-RwR", "base", "ours", "difference", "permutation p, Holm")


def sources_of(given: Sequence[str]) -> dict[str, str]:
    """`NAME=PLACE` of each set.

    Raises:
        ConfigError: none, no such form, or a set that is not of this table.
    """
    if not given:
        raise ConfigError("table13 needs its sets: --data vqa-rad=FOLDER, and so on for " + ", ".join(PUBLISHED))
    found = {}
    for text in given:
        name, _, place = text.partition("=")
        if name not in PUBLISHED or not place:
            raise ConfigError(f"--data {text!r}, expected NAME=PLACE with a name of {', '.join(PUBLISHED)}")
        found[name] = place
    return found


def run_sets(
    sources: Mapping[str, str], params: Params, folder: Path, *, small: bool, console: Console
) -> Iterator[Difference]:
    """Closed questions of each set: the base at once, then the champion; finished runs are only compared.

    Raises:
        ConfigError, ArtefactError, SampleError: as `medrwr eval`.
    """
    from pipelines.cli.eval import Request, run

    settings = params.evaluate
    resampling = Resampling(settings.bootstrap_samples, settings.confidence_level, params.base.seed)
    sides = {"base": (params.base_model.checkpoint, "at_once"), "ours": (None, "deployed")}
    for name, place in sources.items():
        runs = []
        for side, (model, arm) in sides.items():
            out = folder / f"{name}-{side}{'-small' if small else ''}"
            limit = SMALL if small else 0
            request = Request((name,), (place,), model=model, arm=arm, limit=limit, out=out)
            runs.append(read_run(run(request, console)))
        yield from (one for one in compare_runs(runs[:1], runs[1:], resampling) if one.form == "closed")


def write_sets(folder: Path, found: Sequence[Difference]) -> str:
    """table13.md and .json; returns the table."""
    rows = [HEADER, ["---"] * len(HEADER), *map(row_of, found)]
    lines = ["## Table 13: traditional VQA sets, closed questions", "", *(f"| {' | '.join(row)} |" for row in rows)]
    text = "\n".join([*lines, "", "Intervals over images. Compare directions: the paper's base is another model.", ""])
    write_text_atomic(folder / "table13.md", text)
    write_text_atomic(folder / "table13.json", json.dumps([asdict(one) for one in found], indent=1) + "\n")
    return text


def row_of(one: Difference) -> list[str]:
    """One set, the paper's figures first."""
    base, trained = PUBLISHED[one.benchmark]
    gain = one.difference.interval
    bounds = f"[{100 * gain.lower:+.1f}, {100 * gain.upper:+.1f}]"
    return [
        one.benchmark,
        str(gain.questions),
        f"{base:.1f}",
        f"{trained:.1f}",
        f"{100 * one.first:.1f}",
        f"{100 * one.second:.1f}",
        f"{100 * gain.estimate:+.1f} {bounds}",
        f"{one.holm_p:.3f}",
    ]
