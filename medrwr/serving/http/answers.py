"""From what was played to what is sent: the answer with its way, sources and similar cases."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from medrwr.errors import MedrwrError
from medrwr.rollout.cdir import CaseSearch, Reretrieval
from medrwr.serving.served import Answered, Passage, ServedModel, SimilarCase, Step
from medrwr.types import LETTERS, Question, ScoredCase, ScoredPassage, Turn

if TYPE_CHECKING:
    from medrwr.serving.http.versions import Opened

THUMBNAIL = 512  # pixels; the longest side of a similar case's picture


def to_answer(
    identity: str, question: Question, looked: Reretrieval, opened: Opened, timings: dict[str, float], *, abstain: float
) -> Answered:
    """The answer that is believed. Abstained: none could be read, or its confidence is below `abstain`."""
    trajectory = looked.chosen
    reply = opened.answerer.reply(question, trajectory)
    look = opened.answerer.second_look
    return Answered(
        id=identity,
        model=ServedModel(opened.key.name, opened.key.version, opened.digest),
        letter=reply.answer,
        answer=reply.answer_text,
        option_probs=dict(zip(LETTERS, reply.option_probs, strict=False)),
        confidence=reply.confidence,
        abstained=not reply.parsed or reply.confidence < abstain,
        reretrieved=reply.re_retrieved,
        stop_reason=reply.stop_reason,
        trajectory=tuple(to_step(turn) for turn in trajectory.turns),
        sources=_each_once(trajectory.passages),
        similar_cases=shown_cases(trajectory.cases, look.cases if look else None),
        index={"digest": opened.key.index},
        calibrated=reply.calibrated,
        text=trajectory.text,
        timings=timings,
    )


def to_step(turn: Turn) -> Step:
    """A turn as it is sent."""
    return Step(turn.think, turn.query, tuple(to_passage(scored) for scored in turn.passages))


def to_passage(scored: ScoredPassage) -> Passage:
    """A passage as it is sent."""
    one = scored.passage
    return Passage(one.passage_id, sendable(one.title), sendable(one.text), sendable(one.source), float(scored.score))


def sendable(text: str) -> str:
    """Text as UTF-8 can carry it: half a surrogate pair becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def shown_cases(scored: Sequence[ScoredCase], cases: CaseSearch | None) -> tuple[SimilarCase, ...]:
    """Cases with a small picture each, '' where its file is gone."""
    return tuple(
        SimilarCase(one.case.case_id, sendable(one.case.caption), float(one.score), _picture(one, cases))
        for one in scored
    )


def plain(answer: Answered) -> dict[str, Any]:
    """JSON values."""
    return asdict(answer)


def _each_once(passages: Sequence[ScoredPassage]) -> tuple[Passage, ...]:
    found = {scored.passage.passage_id: scored for scored in reversed(passages)}
    return tuple(to_passage(found[key]) for key in dict.fromkeys(scored.passage.passage_id for scored in passages))


def _picture(one: ScoredCase, cases: CaseSearch | None) -> str:
    if cases is None:
        return ""
    try:
        image = cases.load_image(one.case)
    except (MedrwrError, OSError):
        return ""
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
