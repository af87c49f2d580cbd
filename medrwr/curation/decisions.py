"""What a person decided about curated items: accepted, edited or rejected, one line a decision, the last one counts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from medrwr.errors import RecordError
from medrwr.records import read_records, to_line
from medrwr.types import Quarantined, Question

Verdict = Literal["accept", "edit", "reject"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `item` names the question's content: an item that was made anew is looked at anew.

    Attributes:
        text, options, answer: of an edited item; not used otherwise.
    """

    question_id: str
    item: str
    verdict: Verdict
    text: str = ""
    options: tuple[str, ...] = ()
    answer: int = 0
    reason: str = ""
    time: str = ""


def item_digest(question: Question) -> str:
    """Names the content of an item."""
    return hashlib.sha256(to_line(question).encode()).hexdigest()[:16]


def edited(question: Question, decision: Decision) -> Question:
    """The question as it was edited.

    Raises:
        QuestionError: options or answer are not those of a question.
    """
    return replace(question, text=decision.text.strip(), options=decision.options, answer=decision.answer)


def read_decisions(file: Path) -> dict[tuple[str, str], Decision]:
    """The last decision on each item, by question id and content; a torn line counts for nothing."""
    if not file.is_file():
        return {}
    return {(one.question_id, one.item): one for one in read_records(file, Decision)[0]}


def append_decision(file: Path, decision: Decision) -> None:
    """On the disk when this returns, with the time."""
    line = to_line(replace(decision, time=datetime.now(UTC).isoformat(timespec="seconds"))) + "\n"
    with file.open("a+b") as stream:
        stream.seek(max(0, stream.tell() - 1))
        torn = stream.read(1) not in (b"", b"\n")
        stream.write(b"\n" * torn + line.encode())
        stream.flush()
        os.fsync(stream.fileno())


def apply_decisions(
    questions: Sequence[Question], decisions: dict[tuple[str, str], Decision]
) -> tuple[list[Question], list[Quarantined]]:
    """Questions as they were accepted or edited, or not looked at yet; the rejected ones with their reasons."""
    kept: list[Question] = []
    rejected: list[Quarantined] = []
    for question in questions:
        decision = decisions.get((question.question_id, item_digest(question)))
        try:
            if decision and decision.verdict == "reject":
                raise RecordError(f"review: {decision.reason or 'rejected'}")
            kept.append(edited(question, decision) if decision and decision.verdict == "edit" else question)
        except RecordError as error:
            rejected.append(Quarantined(question.question_id, question.source, str(error)))
    return kept, rejected
