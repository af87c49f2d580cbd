"""One question of a benchmark as it was answered and judged: a line of per_question.jsonl."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from medrwr.evaluation.scorer import Verdict, judge
from medrwr.evaluation.scripts import script_of
from medrwr.types import Question, Trajectory

Form = Literal["closed", "open"]


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
        completion: everything that was written, for other ways of scoring.
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

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from all others of a run."""
        return self.benchmark, self.verdict.question_id


def answered_closed(benchmark: str, question: Question, trajectory: Trajectory, cluster: str) -> Answered:
    """A closed question as the policy answered it, judged by the answer block alone.

    Raises:
        SampleError: the trajectory answers another question.
    """
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
