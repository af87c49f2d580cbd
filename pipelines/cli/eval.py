"""`medrwr eval`: a checkpoint on named benchmarks, with intervals; killed and run again, it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    from pipelines.benchmarking.playing import Manner


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


def run(request: Request, console: Console | None = None) -> Path:
    """Evaluate, and print the table; returns the folder of the run.

    Raises:
        ConfigError: the request is unusable; nothing was done then.
        SampleError: a benchmark has no question to ask.
        ArtefactError: data, model or index are not to be had, or the folder holds another run.
    """
    from medrwr.evaluation.ladder import Resampling
    from medrwr.evaluation.runs.folder import RunFolder
    from pipelines.benchmarking.playing import Player
    from pipelines.benchmarking.running import Answers, claim_of, play_all, summarise_all, write_run
    from pipelines.benchmarking.subject import open_subject
    from pipelines.tracking.progress import ProgressLine

    console, params = console or make_console(), load_params()
    selection, manner = _chosen(request, params)
    set_environment(params)
    asked = _read(request, selection)
    subject = open_subject(request.model, request.index, params)
    folder = RunFolder(request.out or Paths().benchmark_run(_name(request, subject.digests["checkpoint"])))
    answers = Answers({one.name: one for one in folder.begin(claim_of(subject, asked, selection, manner))})
    if answers.found:
        console.print(f"{len(answers.found)} answers of an earlier start of this run are kept")
    line = ProgressLine()
    try:
        play_all(folder, answers, Player(subject.answerer, manner), asked, line.update)
    finally:
        line.close()
    settings = params.evaluate
    resampling = Resampling(settings.bootstrap_samples, settings.confidence_level, params.base.seed)
    summaries = summarise_all(answers, asked, resampling)
    page = write_run(folder, subject, answers, asked, summaries)
    print_summaries(console, summaries)
    console.print("; ".join(filter(None, (subject.name, subject.note))), markup=False)
    console.print(str(page), markup=False)
    return folder.path


def print_summaries(console: Console, summaries: Sequence[BenchmarkSummary]) -> None:
    """The table of closed questions, and below it what became of each benchmark's records."""
    from rich.markup import escape
    from rich.table import Table

    from medrwr.evaluation.runs.pages import HEADER, account_of, closed_row

    table = Table()
    for name in HEADER:
        table.add_column(name)
    for one in summaries:
        if one.closed:
            table.add_row(*map(escape, closed_row(one.name, one.closed)))
    console.print(table)
    for one in summaries:
        for line in account_of(one):
            console.print(f"{one.name}: {line}", markup=False)


def _chosen(request: Request, params: Params) -> tuple[Selection, Manner]:
    from pipelines.benchmarking.asked import Selection
    from pipelines.benchmarking.playing import ARMS, Manner

    if request.arm not in ARMS:
        raise ConfigError(f"--arm {request.arm} is unknown: known are {', '.join(ARMS)}")
    if request.seed and not request.temperature:
        raise ConfigError("--seed changes nothing at --temperature 0: greedy answers are the same for every seed")
    selection = Selection(request.split, request.limit, params.base.seed)
    return selection, Manner(request.arm, request.temperature, request.seed)


def _read(request: Request, selection: Selection) -> list[Asked]:
    from pipelines.benchmarking.asked import places_of, read_asked

    unpacked = Paths().work("eval") / "images"
    places = places_of(request.benchmarks, request.data)
    return [read_asked(name, data, selection, unpacked=unpacked) for name, data in places]


def _name(request: Request, checkpoint: str) -> str:
    """Of a run's folder, where --out names none: benchmarks, way of asking and checkpoint."""
    parts = ["+".join(request.benchmarks), request.split, request.arm, checkpoint[:8]]
    parts += [f"limit{request.limit}"] if request.limit else []
    parts += [f"t{request.temperature:g}-seed{request.seed}"] if request.temperature else []
    return "-".join(filter(None, parts))
