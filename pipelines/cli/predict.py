"""`medrwr predict`: a table or a folder of images scored to Parquet, in this process or by a server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from medrwr.errors import ConfigError
from medrwr.serving.batch import BatchJob, LocalScorer, Scorer, ServerScorer, predict
from medrwr.serving.batch import Progress as Done
from medrwr.serving.batch.rows import Source
from medrwr.serving.client import Client
from pipelines.cli.ask import champion_uri, load_version
from pipelines.cli.screen import make_console
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.process import set_environment
from pipelines.tracking.store import open_store

KEY_VARIABLE = "MEDRWR_API_KEY"


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line gave. `images`: root of the table's image paths; None: the table's folder."""

    input: Path
    output: Path
    model: str | None = None
    server: str | None = None
    images: Path | None = None
    question: str = ""
    options: tuple[str, ...] = ()


def run(request: Request, console: Console | None = None) -> None:
    """Score, and say what came of it.

    Raises:
        ConfigError: the request is unusable; nothing was done then.
        MedrwrError: the model or the server failed; what was scored is kept, and the same command goes on from there.
    """
    console = console or make_console()
    if request.model and request.server:
        raise ConfigError("--model and --server exclude each other: a server has its own model")
    if request.output.suffix != ".parquet":
        raise ConfigError(f"--output {request.output} is no Parquet file: give it the ending .parquet")
    source = Source(request.input, request.images or request.input.parent, request.question, request.options)
    scorer = _scorer(request)
    request.output.parent.mkdir(parents=True, exist_ok=True)
    with _showing(console) as show:
        done = predict(BatchJob(source, request.output), scorer, show)
    earlier = f", {done.resumed} rows of an earlier run" if done.resumed else ""
    console.print(f"{done.done - done.quarantined} answers in {request.output}{earlier}")
    if done.quarantined:
        quarantine = request.output.with_name(f"{request.output.stem}.quarantine.jsonl")
        console.print(f"{done.quarantined} rows were left out: their reasons are in {quarantine}")


def _scorer(request: Request) -> Scorer:
    if request.server:
        return ServerScorer(Client(request.server, key=os.environ.get(KEY_VARIABLE, "")), request.server)
    params = load_params()
    set_environment(params)
    from medrwr.digests import folder_digest
    from medrwr.serving.model import MedRwrModel
    from medrwr.serving.opening import Parts, index_at, open_parts

    if request.model and Path(request.model).is_dir():
        paths, checkpoint = Paths(), Path(request.model)
        answerer = open_parts(Parts(checkpoint, paths.encoders, index_at(paths.index)), params)
        return LocalScorer(answerer, f"{request.model} ({folder_digest(checkpoint)[:12]})")
    store = open_store(Path())
    uri = request.model or champion_uri(store, params.register_)
    model = load_version(uri, None, store)
    config = model.model_config or {}
    checkpoint_digest = next(one["sha256"] for one in config["references"] if one["name"] == "checkpoint")
    return LocalScorer(cast(MedRwrModel, model.unwrap_python_model()).answerer, f"{uri} ({checkpoint_digest[:12]})")


@contextmanager
def _showing(console: Console) -> Iterator[Callable[[Done], None]]:
    """A bar on a terminal, a line a piece elsewhere."""
    if not console.is_terminal:
        yield lambda done: console.print(f"{done.done} of {done.total} rows, {done.quarantined} left out")
        return
    columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("scoring", total=None)
        yield lambda done: progress.update(task, completed=done.done, total=done.total)
