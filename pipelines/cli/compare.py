"""`medrwr compare`: two runs of `medrwr eval`, or several seeds of each, on the same questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from medrwr.errors import ConfigError
from pipelines.cli.screen import make_console
from pipelines.params import load_params

if TYPE_CHECKING:
    from medrwr.evaluation.runs.comparison import Difference


def compare(
    first: Sequence[str],
    second: Sequence[str],
    *,
    by_choice: bool = False,
    as_json: bool = False,
    console: Console | None = None,
) -> list[Difference]:
    """Compare and print.

    Args:
        by_choice: every closed answer is read as its most probable option.

    Raises:
        ConfigError: a side names no folder.
        ArtefactError: a folder holds no finished run.
        SampleError: the runs were not asked the same questions, or cannot be pooled.
    """
    from medrwr.evaluation.ladder import Resampling
    from medrwr.evaluation.runs.comparison import compare_runs, most_probable, read_run

    if not all((*first, *second)):
        raise ConfigError("a run's folder is empty: name folders of `medrwr eval`, with commas between seeds")
    params = load_params()
    settings = params.evaluate
    resampling = Resampling(settings.bootstrap_samples, settings.confidence_level, params.base.seed)
    one, other = ([read_run(Path(name)) for name in side] for side in (first, second))
    if by_choice:
        one, other = (list(map(most_probable, side)) for side in (one, other))
    found = compare_runs(one, other, resampling)
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False))
    else:
        _print(console or make_console(), found, resampling.level)
    return found


def _print(console: Console, found: Sequence[Difference], level: float) -> None:
    from rich.markup import escape
    from rich.table import Table

    from medrwr.evaluation.runs.pages import COMPARED, difference_row

    table = Table()
    for name in COMPARED:
        table.add_column(name)
    for one in found:
        table.add_row(*map(escape, difference_row(one)))
    console.print(table)
    console.print(
        f"{level:.0%} intervals by bootstrap over cases; p of the exact permutation test over cases, Holm's correction "
        f"for {len(found)} {'comparison' if len(found) == 1 else 'comparisons'}",
        markup=False,
    )
    for one in found:
        if one.unpaired:
            console.print(f"{one.benchmark}: {one.unpaired} questions were not answered by all runs, and are left out")
