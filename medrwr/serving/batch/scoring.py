"""Scores asks, in this process or by a server; what cannot be scored comes back as its reason."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from medrwr.errors import RecordError, ServerError
from medrwr.serving.answering import Answerer
from medrwr.serving.asking import Ask, read_image, to_question
from medrwr.serving.client import Client
from medrwr.serving.replies import Reply
from medrwr.serving.scans import looks_like_dicom, open_scan
from medrwr.serving.served import Answered

_REFUSED = range(400, 500)
_NOT_THE_ROWS_FAULT = frozenset({401, 403, 404, 405, 429})


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer as a row of the result; `trajectory` is JSON."""

    letter: str
    answer: str
    confidence: float
    calibrated: bool
    abstained: bool
    reretrieved: bool
    stop_reason: str
    option_probs: tuple[float, ...]
    queries: tuple[str, ...]
    sources: tuple[str, ...]
    similar_cases: tuple[str, ...]
    trajectory: str
    model: str


class Scorer(Protocol):
    """Scores a batch; `identity` says by what."""

    identity: str

    def score(self, asks: Sequence[Ask]) -> list[Scored | str]:
        """One result an ask, in order; a text says why an ask cannot be scored."""


class LocalScorer:
    """By an answerer in this process."""

    def __init__(self, answerer: Answerer, identity: str) -> None:
        self.identity = identity
        self._answerer = answerer

    def score(self, asks: Sequence[Ask]) -> list[Scored | str]:
        """See `Scorer`."""
        ready = [_prepared(ask) for ask in asks]
        good = [ask for ask in ready if isinstance(ask, Ask)]
        replies = iter(self._answer(good))
        return [one if isinstance(one, str) else next(replies) for one in ready]

    def _answer(self, asks: Sequence[Ask]) -> list[Scored | str]:
        """All at once; one by one when something that only the engine sees is wrong with one of them."""
        try:
            return [self._scored(reply) for reply in self._answerer.answer(asks)] if asks else []
        except RecordError as error:
            if len(asks) == 1:
                return [str(error)]
            return [result for ask in asks for result in self._answer([ask])]

    def _scored(self, reply: Reply) -> Scored:
        return Scored(
            letter=reply.answer,
            answer=reply.answer_text,
            confidence=reply.confidence,
            calibrated=reply.calibrated,
            abstained=not reply.answer,
            reretrieved=reply.re_retrieved,
            stop_reason=reply.stop_reason,
            option_probs=reply.option_probs,
            queries=tuple(step.text for step in reply.trajectory if step.kind == "query"),
            sources=tuple(source.passage_id for source in reply.sources),
            similar_cases=tuple(case.case_id for case in reply.cases),
            trajectory=json.dumps([asdict(step) for step in reply.trajectory], ensure_ascii=False),
            model=self.identity,
        )


class ServerScorer:
    """By a medrwr server, `at_once` questions at a time: it batches them itself."""

    def __init__(self, client: Client, address: str, *, at_once: int = 16) -> None:
        self.identity = address
        self._client, self._at_once = client, at_once

    def score(self, asks: Sequence[Ask]) -> list[Scored | str]:
        """See `Scorer`.

        Raises:
            ServerError: the server cannot be asked at all; one refused question is a reason.
        """
        with ThreadPoolExecutor(self._at_once) as pool:
            return list(pool.map(self._one, asks))

    def _one(self, ask: Ask) -> Scored | str:
        try:
            image = None if ask.image is None else read_image(ask.image)
            return _served(self._client.answer(ask.question, ask.options, image=image, query=ask.query))
        except RecordError as error:
            return str(error)
        except ServerError as error:
            if error.status in _REFUSED and error.status not in _NOT_THE_ROWS_FAULT:
                return str(error)
            raise


def _prepared(ask: Ask) -> Ask | str:
    """The ask with its image in memory, a DICOM file as PNG; or what is wrong with it."""
    try:
        if ask.image is not None:
            ask = replace(ask, image=_as_picture(read_image(ask.image)))
        with tempfile.TemporaryDirectory(prefix="medrwr-") as folder:
            to_question(ask, 1, Path(folder))
    except RecordError as error:
        return str(error)
    return ask


def _as_picture(content: bytes) -> bytes:
    if not looks_like_dicom(content):
        return content
    buffer = io.BytesIO()
    open_scan(content).picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _served(answer: Answered) -> Scored:
    return Scored(
        letter=answer.letter,
        answer=answer.answer,
        confidence=answer.confidence,
        calibrated=answer.calibrated,
        abstained=answer.abstained,
        reretrieved=answer.reretrieved,
        stop_reason=answer.stop_reason,
        option_probs=tuple(answer.option_probs.values()),
        queries=tuple(step.query for step in answer.trajectory if step.query),
        sources=tuple(source.id for source in answer.sources),
        similar_cases=tuple(case.case_id for case in answer.similar_cases),
        trajectory=json.dumps([asdict(step) for step in answer.trajectory], ensure_ascii=False),
        model=f"{answer.model.name} version {answer.model.version} ({answer.model.digest[:12]})",
    )
