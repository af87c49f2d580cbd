"""`medrwr ablate`: one of the paper's tables by one command, resumable (M30)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medrwr.config import Params
from medrwr.errors import ConfigError
from pipelines.ablation.experiments import is_done
from pipelines.ablation.grid import Grid, Overrides
from pipelines.ablation.grids import grid_named, on_bases
from pipelines.ablation.planning import Plan, plan
from pipelines.ablation.report import write_report
from pipelines.ablation.results import Results
from pipelines.ablation.running import FOLDER, run, write
from pipelines.ablation.tables import notes_of, table_of
from pipelines.cli.screen import make_console
from pipelines.params import load_params, read_yaml
from pipelines.paths import Paths
from pipelines.process import set_environment

SMALL = Path("params/small.yaml")


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for; neither seeds nor kept answers: the workspace's own seed."""

    grid: str
    seeds: tuple[int, ...] = ()
    small: bool = False
    rows: tuple[str, ...] = ()
    bases: tuple[Path, ...] = ()
    dry_run: bool = False
    data: tuple[str, ...] = ()
    jobs: int = 1
    answers: tuple[Path, ...] = ()


def ablate(request: Request, root: Path = Path(), console: Console | None = None) -> None:
    """Run what is missing, a line each, and print the table.

    Raises:
        ConfigError: the grid, a row, a base checkpoint or a judge is not there.
        ExperimentError: a chain failed; what was finished stays, and the next call goes on.
    """
    console = console or make_console()
    params = load_params(root)
    set_environment(params)
    if request.grid == "table13":
        _run_sets(request, params, root / FOLDER, console)
        return
    grid = choose(grid_named(request.grid, params), request)
    scale = flat(read_yaml(root / SMALL)) if request.small else {}
    seeds = request.seeds or (() if request.answers else (params.base.seed,))
    planned = plan(root, grid, seeds, scale, request.answers)
    missing = [experiment for experiment in planned.distinct if not is_done(root, experiment)]
    done, total = len(planned.distinct) - len(missing), len(planned.distinct)
    console.print(f"{grid.title}: {len(grid.rows)} rows, {total} experiments, {done} done")
    if not request.dry_run:
        if grid.judged:
            _require_judge(grid)
        _run(root, planned, params, request.jobs, console)


def _require_judge(grid: Grid) -> None:
    """Before hours of training, not after them."""
    from pipelines.judging import require_judge

    require_judge(max(int(row.overrides.get("evaluate.judge_questions", 0)) for row in grid.rows))


def choose(grid: Grid, request: Request) -> Grid:
    """The grid on further bases, and of its rows those that were asked for, with the reference.

    Raises:
        ConfigError: a row or a base checkpoint is not there.
    """
    for base in request.bases:
        if not (base / "config.json").is_file():
            raise ConfigError(f"--base {base} holds no config.json, expected a checkpoint folder")
    grid = on_bases(grid, {base.name: str(base.resolve()) for base in request.bases})
    if not request.rows:
        return grid
    known = [row.name for row in grid.rows]
    for name in request.rows:
        if name not in known:
            raise ConfigError(f"{grid.name} has no row {name!r}: its rows are {', '.join(known)}")
    chosen = tuple(row for row in grid.rows if row.name in (*request.rows, grid.reference))
    return replace(grid, rows=chosen)


def flat(sections: Mapping[str, Any], prefix: str = "") -> Overrides:
    """Nested sections as dotted names.

    >>> flat({"sft": {"epochs": 1}})
    {'sft.epochs': 1}
    """
    found: dict[str, Any] = {}
    for name, value in sections.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found


def _run(root: Path, planned: Plan, params: Params, jobs: int, console: Console) -> None:
    total = len(planned.distinct)
    latest = None if total else write(root, planned, {}, params)
    for number, (experiment, fresh, results) in enumerate(run(root, planned, params, jobs), 1):
        said, rows = "run" if fresh else "kept", ", ".join(_rows_of(planned, experiment.name))
        console.print(f"[{number}/{total}] {experiment.name} {said}: {rows}", markup=False)
        latest = results
    if latest is not None:
        show(latest, console)
    console.print(f"{FOLDER}/{planned.grid.name}.html, .md and .json", markup=False)
    whole = write_report(root / FOLDER, Paths(root).evaluation / "report.html")
    if whole:
        console.print(f"{FOLDER}/{whole.name}: the evaluation's report with all ablations", markup=False)


def _run_sets(request: Request, params: Params, folder: Path, console: Console) -> None:
    from pipelines.ablation.vqa_sets import run_sets, sources_of, write_sets

    sources = sources_of(request.data)
    console.print(f"Table 13: {', '.join(sources)}; the base at once, then the champion", markup=False)
    if request.dry_run:
        return
    found = list(run_sets(sources, params, folder / "table13", small=request.small, console=console))
    console.print(write_sets(folder, found), markup=False)


def show(results: Results, console: Console) -> None:
    """The table for a terminal: a difference stands below its accuracy."""
    header, rows = table_of(results)
    table = Table(title=results.grid.title, title_justify="left", show_lines=True)
    for heading in header:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(escape(value.replace("; ", "\n")) for value in row))
    console.print(table)
    for note in notes_of(results):
        console.print(note, markup=False)


def _rows_of(planned: Plan, name: str) -> Sequence[str]:
    return [
        f"{row} (seed {seed})"
        for row, by_seed in planned.experiments.items()
        for seed, experiment in by_seed.items()
        if experiment.name == name
    ]
