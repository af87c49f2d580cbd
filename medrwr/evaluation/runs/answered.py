"""One question of a benchmark as it was answered and judged: a line of per_question.jsonl."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from medrwr.datasets.benchmarks.record import OpenQuestion
from medrwr.evaluation.scorer import Verdict, judge, mentions
from medrwr.evaluation.scoring.modes import STRICT, Mode, mode_of
from medrwr.evaluation.scoring.vqa import exact
from medrwr.evaluation.scripts import script_of
from medrwr.types import Question, StopReason, Trajectory

Form = Literal["closed", "open"]
_SHOWN = 400  # characters of a completion that stand for its answer


@dataclass(frozen=True, slots=True)
class Answered:
    """A verdict and what it came from.

    Attributes:
        verdict: its `cluster` is the case that the question belongs to.
        options: of a closed question.
        answers: the accepted wordings of an open question.
        script: the writing system of the question, "Latin".
        answer: what stood in the answer block.
        passages: ids of what was retrieved, in order.
        confidence: of the chosen option, calibrated where `calibrated` says so; None without an answer that was read.
        completion: everything that was written.
        guessed: the letter was put in by a harness's way of scoring, as it found none.
    """

    benchmark: str
    form: Form
    verdict: Verdict
    question: str
    options: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    kind: str = ""
    script: str = ""
    answer: str = ""
    stop_reason: str = ""
    queries: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    option_probs: tuple[float, ...] = ()
    confidence: float | None = None
    calibrated: bool = False
    reretrieved: bool = False
    completion: str = ""
    guessed: bool = False

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from all others of a run."""
        return self.benchmark, self.verdict.question_id


def answered_closed(
    benchmark: str, question: Question, trajectory: Trajectory, cluster: str, *, scoring: str = STRICT
) -> Answered:
    """A closed question as the policy answered it, judged by the answer block, or in another harness's way.

    Raises:
        SampleError: the trajectory answers another question.
        ConfigError: there is no such way of scoring.
    """
    answered = _as_judged(benchmark, question, trajectory, cluster)
    return answered if scoring == STRICT else read_again(answered, mode_of(scoring))


def completed(benchmark: str, question: Question, completion: str, cluster: str, mode: Mode) -> Answered:
    """A closed question as another model's completion answers it; nothing else is known of it."""
    verdict = Verdict(question.question_id, cluster, question.gold_letter, None, False, False, None, 0, False, False)
    answered = Answered(
        benchmark,
        "closed",
        verdict,
        question.text,
        question.options,
        kind=question.kind,
        script=script_of(question.text),
        answer=completion.strip()[-_SHOWN:],
        stop_reason="given" if completion.strip() else "no completion",
        completion=completion,
    )
    return read_again(answered, mode) if completion.strip() else answered


def answered_open(benchmark: str, question: OpenQuestion, trajectory: Trajectory, cluster: str) -> Answered:
    """An open question as the policy answered it: right where what stands in the answer block is an accepted answer.

    Words are compared folded (`medrwr.evaluation.scoring.vqa`), whatever the way of scoring closed questions.
    """
    answered = completed_open(benchmark, question, trajectory.answer.text.strip(), cluster)
    verdict = replace(
        answered.verdict,
        queries=len(trajectory.queries),
        forced=trajectory.stop_reason is StopReason.FORCED,
        gold_retrieved=mentions([found.passage.text for found in trajectory.passages], question.answers[0]),
    )
    return replace(
        answered,
        verdict=verdict,
        stop_reason=trajectory.stop_reason.value,
        queries=trajectory.queries,
        passages=tuple(found.passage.passage_id for found in trajectory.passages),
        reretrieved=bool(trajectory.cases),
        completion=trajectory.text,
    )


def completed_open(benchmark: str, question: OpenQuestion, written: str, cluster: str) -> Answered:
    """An open question answered by `written`."""
    right, gold = exact(written, question.answers), question.answers[0]
    verdict = Verdict(question.question_id, cluster, gold, None, right, bool(written), None, 0, False, False)
    return Answered(
        benchmark,
        "open",
        verdict,
        question.text,
        answers=question.answers,
        kind=question.kind,
        script=script_of(question.text),
        answer=written,
        stop_reason="given" if written else "no completion",
        completion=written,
    )


def read_again(answered: Answered, mode: Mode) -> Answered:
    """The same completion, read in another way; a confidence belongs to the letter that it was of."""
    reading = mode(answered.completion, answered.options)
    same = reading.letter == answered.verdict.letter
    verdict = replace(
        answered.verdict,
        letter=reading.letter,
        parsed=reading.letter is not None and not reading.guessed,
        correct=reading.letter == answered.verdict.gold,
        confidence=answered.verdict.confidence if same else None,
    )
    return replace(answered, verdict=verdict, confidence=answered.confidence if same else None, guessed=reading.guessed)


def _as_judged(benchmark: str, question: Question, trajectory: Trajectory, cluster: str) -> Answered:
    return Answered(
        benchmark=benchmark,
        form="closed",
        verdict=replace(judge(question, trajectory), cluster=cluster),
        question=question.text,
        options=question.options,
        kind=question.kind,
        script=script_of(question.text),
        answer=trajectory.answer.raw,
        stop_reason=trajectory.stop_reason.value,
        queries=trajectory.queries,
        passages=tuple(found.passage.passage_id for found in trajectory.passages),
        option_probs=trajectory.option_probs,
        confidence=trajectory.confidence,
        reretrieved=bool(trajectory.cases),
        completion=trajectory.text,
    )
