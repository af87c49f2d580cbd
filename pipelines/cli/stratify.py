"""`medrwr stratify`: any policies answer each question n times; what is always right goes, the rest is graded (M13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from medrwr.config import CurateSettings
from medrwr.curation.answering import Tally
from medrwr.curation.stratify import Stratified, histogram, pooled_accuracy, stratify
from medrwr.errors import ArtefactError, ConfigError
from medrwr.records import read_records, write_records, write_text_atomic
from medrwr.sinks import NullSink
from medrwr.types import Question
from pipelines.cli.screen import make_console
from pipelines.curate import histogram_csv
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.process import seed_everything, set_environment
from pipelines.stage import StageContext
from pipelines.tracking.progress import ProgressLine

QUESTIONS, LIST, HISTOGRAM, ANSWERS = "questions.jsonl", "accuracy.csv", "histogram.csv", "answers"
_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line gave. `images`: what image paths are relative to; None: the questions' folder."""

    questions: Path
    out: Path
    policies: tuple[str, ...]
    images: Path | None = None
    mode: str = "direct"
    rollouts: int = 10


def stratify_questions(request: Request, console: Console | None = None) -> Stratified:
    """Write graded questions, the list of accuracies and the histogram to `out`; a killed run goes on.

    Raises:
        ConfigError: no policy, or one twice, or an unknown mode.
        ArtefactError: questions, a policy or the index are missing.
    """
    console, params = console or make_console(), load_params()
    settings = _settings(request)
    questions, bad = read_records(request.questions, Question)
    if not questions:
        raise ArtefactError(f"{request.questions} holds no usable question ({len(bad)} bad lines)")
    set_environment(params)
    seed_everything(params, with_torch=True)
    from pipelines.stratifying import Jury

    context, line = StageContext(params, Paths(), NullSink()), ProgressLine()
    jury = Jury(context, settings, request.out / ANSWERS)
    tallies = jury.tallies(questions, request.images or request.questions.parent, progress=line.update)
    line.close()
    graded = stratify(questions, pooled_accuracy(tallies))
    write_text_atomic(request.out / LIST, _list(graded, tallies))
    write_text_atomic(request.out / HISTOGRAM, histogram_csv(graded))
    write_records(request.out / QUESTIONS, graded.questions)
    _say(console, graded, request.out / QUESTIONS, len(bad))
    return graded


def _settings(request: Request) -> CurateSettings:
    values: dict[str, Any] = {"policies": request.policies, "mode": request.mode, "rollouts": request.rollouts}
    try:
        return CurateSettings.model_validate(values)
    except ValueError as error:
        raise ConfigError(f"--policy {', '.join(request.policies)} --mode {request.mode}: {error}") from None


def _list(graded: Stratified, tallies: Mapping[str, Sequence[Tally]]) -> str:
    """One row a question, in the given order: accuracy, difficulty, right answers of each policy."""
    difficulty = {question.question_id: question.difficulty for question in graded.questions}
    rows = [",".join(["question_id", "accuracy", "difficulty", *(f'"{name}"' for name in tallies)])]
    for own in zip(*tallies.values(), strict=True):
        name = own[0].question_id
        values = [f"{graded.accuracy[name]:.4f}", difficulty.get(name, "always_right"), *(str(t.right) for t in own)]
        rows.append(",".join([f'"{name}"', *values]))
    return "\n".join(rows) + "\n"


def _say(console: Console, graded: Stratified, where: Path, bad: int) -> None:
    counts = histogram(list(graded.accuracy.values()))
    console.print("accuracy  questions")
    for place, count in enumerate(counts):
        bar = "#" * round(_WIDTH * count / max(counts))
        console.print(f"{place / 10:8.1f}  {count:9} {bar}".rstrip())
    console.print(
        f"{graded.count('easy')} easy and {graded.count('hard')} hard questions in {escape(str(where))}, "
        f"{graded.dropped} always right dropped, {bad} bad lines left out"
    )
