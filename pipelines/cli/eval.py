"""`medrwr eval`: a checkpoint on named benchmarks, with intervals; killed and run again, it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from rich.console import Console

from medrwr.config import Params
from medrwr.errors import ConfigError
from pipelines.cli.screen import make_console
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.process import set_environment

if TYPE_CHECKING:
    from medrwr.evaluation.runs.summary import BenchmarkSummary
    from pipelines.benchmarking.asked import Asked, Selection
    from pipelines.benchmarking.playing import Answering, Manner
    from pipelines.benchmarking.subject import Named


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line gave."""

    benchmarks: tuple[str, ...]
    data: tuple[str, ...]
    model: str | None = None
    index: Path | None = None
    out: Path | None = None
    split: str = ""
    limit: int = 0
    arm: str = "deployed"
    temperature: float = 0.0
    seed: int = 0
    scoring: str = "strict"
    completions: Path | None = None
    only: str = ""
    orders: int = 1


def run(request: Request, console: Console | None = None) -> Path:
    """Evaluate, and print the table; returns the folder of the run.

    Raises:
        ConfigError: the request is unusable; nothing was done then.
        SampleError: a benchmark has no question to ask.
        ArtefactError: data, model or index are not to be had, or the folder holds another run.
    """
    from medrwr.evaluation.ladder import Resampling
    from medrwr.evaluation.runs.folder import RunFolder
    from pipelines.benchmarking.ordering import in_orders
    from pipelines.benchmarking.running import Answers, claim_of, play_all, summarise_all, write_run
    from pipelines.tracking.progress import ProgressLine

    console, params = console or make_console(), load_params()
    selection, manner = _chosen(request, params)
    set_environment(params)
    asked = [order for one in _read(request, selection) for order in in_orders(one, request.orders)]
    subject, player = _answering(request, params, manner, asked)
    folder = RunFolder(request.out or Paths().benchmark_run(_name(request, next(iter(subject.digests.values())))))
    answers = Answers({one.name: one for one in folder.begin(claim_of(subject, asked, selection, manner))})
    if answers.found:
        console.print(f"{len(answers.found)} answers of an earlier start of this run are kept")
    line = ProgressLine()
    try:
        play_all(folder, answers, player, asked, line.update)
    finally:
        line.close()
    settings = params.evaluate
    resampling = Resampling(settings.bootstrap_samples, settings.confidence_level, params.base.seed)
    summaries = summarise_all(answers, asked, resampling)
    page = write_run(folder, subject, answers, asked, summaries, scoring=request.scoring)
    print_summaries(console, summaries)
    console.print("; ".join(filter(None, (subject.name, subject.note))), markup=False)
    console.print(str(page), markup=False)
    return folder.path


def print_summaries(console: Console, summaries: Sequence[BenchmarkSummary]) -> None:
    """The tables of closed and of open questions, and below them what became of each benchmark's records."""
    from medrwr.evaluation.runs.pages import HEADER, OPEN, account_of, closed_row, open_row

    _print_table(console, HEADER, [closed_row(one.name, one.closed) for one in summaries if one.closed])
    _print_table(console, OPEN, [open_row(one.name, one.open) for one in summaries if one.open])
    for one in summaries:
        for line in account_of(one):
            console.print(f"{one.name}: {line}", markup=False)


def _print_table(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if rows:
        table = Table(*header)
        for row in rows:
            table.add_row(*map(escape, row))
        console.print(table)


def _answering(request: Request, params: Params, manner: Manner, asked: Sequence[Asked]) -> tuple[Named, Answering]:
    """A model, or what another one wrote."""
    if request.completions is not None:
        from pipelines.benchmarking.completions import read_completions

        names = [question.question_id for one in asked for question in one.items]
        given = read_completions(request.completions, request.scoring, names)
        return given, given
    from pipelines.benchmarking.playing import Player
    from pipelines.benchmarking.subject import open_subject

    subject = open_subject(request.model, request.index, params)
    return subject, Player(subject.answerer, manner)


def _chosen(request: Request, params: Params) -> tuple[Selection, Manner]:
    from medrwr.evaluation.scoring.modes import mode_of
    from pipelines.benchmarking.asked import Selection
    from pipelines.benchmarking.playing import ARMS, Manner

    if request.arm not in ARMS:
        raise ConfigError(f"--arm {request.arm} is unknown: known are {', '.join(ARMS)}")
    if request.seed and not request.temperature:
        raise ConfigError("--seed changes nothing at --temperature 0: greedy answers are the same for every seed")
    if request.completions is not None and (request.model or request.index or request.temperature):
        raise ConfigError("--completions were written already: leave out --model, --index and --temperature")
    if request.completions is not None and request.orders > 1:
        raise ConfigError("--completions were written for one order of the options: leave out --orders")
    mode_of(request.scoring)
    if request.only not in ("", "closed", "open"):
        raise ConfigError(f"--only {request.only} is unknown: closed, open, or leave it out for both")
    only = cast(Literal["", "closed", "open"], request.only)
    selection = Selection(request.split, request.limit, params.base.seed, only)
    arm = request.arm if request.completions is None else "completions"
    return selection, Manner(arm, request.temperature, request.seed, request.scoring)


def _read(request: Request, selection: Selection) -> list[Asked]:
    from pipelines.benchmarking.asked import places_of, read_asked

    unpacked = Paths().work("eval") / "images"
    places = places_of(request.benchmarks, request.data)
    return [read_asked(name, data, selection, unpacked=unpacked) for name, data in places]


def _name(request: Request, digest: str) -> str:
    """Of a run's folder, where --out names none: benchmarks, way of asking, and the digest of what answers."""
    arm = request.arm if request.completions is None else "completions"
    parts = ["+".join(request.benchmarks), request.split, request.only, arm, digest[:8]]
    parts += [f"limit{request.limit}"] if request.limit else []
    parts += [request.scoring] if request.scoring != "strict" else []
    parts += [f"t{request.temperature:g}-seed{request.seed}"] if request.temperature else []
    return "-".join(filter(None, parts))
