"""The judge of the reasoning (M30, Table 14): off unless `evaluate.judge_questions`; asks OPENAI_BASE_URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from medrwr.curation.endpoint import Asker, ChatClient, ChatRequest, EndpointSettings, ReplyCache
from medrwr.curation.items import reader, schema
from medrwr.errors import ConfigError
from medrwr.evaluation.examples import Answered
from medrwr.evaluation.judge import INSTRUCTIONS, TASK, Judged, Judgement, Scores, reasoning_of
from pipelines.evaluation_report import as_deployed
from pipelines.measures import Evaluated
from pipelines.opening import image_root_of
from pipelines.stage import StageContext


def require_judge(questions: int) -> None:
    """Before any work: a judge that is asked for `questions` of each cell must be named.

    Raises:
        ConfigError: there are questions, and OPENAI_BASE_URL or OPENAI_MODEL is not set.
    """
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL"):
        if questions and not os.environ.get(name):
            raise ConfigError(
                f"evaluate.judge_questions is {questions} and {name} is not set: name the judge, or set "
                "judge_questions to 0"
            )


def judge_reasoning(context: StageContext, evaluated: Evaluated) -> Judged | None:
    """Scores of the first `evaluate.judge_questions` answers of each cell as deployed; None when it is 0.

    Replies are kept by content address in work/evaluate: no answer is paid for twice. An endpoint that fails leaves
    answers without scores, with the reason, and ends nothing.
    """
    answered = _sample(as_deployed(evaluated), context.params.evaluate.judge_questions)
    if not answered:
        return None
    requests = [_request(context, one) for one in answered]
    with _asker(context) as asker:
        outcomes = asker.ask_all(requests, reader(Scores), label="evaluate: judge", progress=context.sink.progress)
        model = asker.model
    judgements: list[Judgement] = []
    left_out: dict[str, str] = {}
    for one, outcome in zip(answered, outcomes, strict=True):
        if outcome.made is not None:
            judgements.append(Judgement(one.question.question_id, one.verdict.cluster, outcome.made))
        else:
            left_out[one.question.question_id] = outcome.failed or outcome.rejected
    return Judged(model, tuple(judgements), left_out)


def _sample(answered: list[Answered], per_cell: int) -> list[Answered]:
    taken: dict[str, list[Answered]] = {}
    for one in answered:
        cell = taken.setdefault(one.cell, [])
        if len(cell) < per_cell:
            cell.append(one)
    return [one for cell in taken.values() for one in cell]


def _request(context: StageContext, one: Answered) -> ChatRequest:
    images = tuple(image_root_of(context) / image for image in one.question.images)
    return ChatRequest(
        TASK, INSTRUCTIONS, reasoning_of(one.question, one.trajectory), schema(Scores), images, max_tokens=256
    )


@contextmanager
def _asker(context: StageContext) -> Iterator[Asker]:
    url, model = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_MODEL"]
    cache = ReplyCache(context.paths.work("evaluate") / "judge_replies.sqlite")
    try:
        settings = EndpointSettings(url, model, api_key=os.environ.get("OPENAI_API_KEY", ""))
        yield Asker(model, cache, ChatClient(settings))
    finally:
        cache.close()
