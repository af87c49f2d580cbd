"""Reconstruct (M12): image cases become examination questions; what breaks a rule is kept with its reason."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from medrwr.curation.alternatives import other_conclusions
from medrwr.curation.endpoint import Asker, Outcome
from medrwr.curation.items import CaseRecord, DraftItem, reader
from medrwr.curation.prompts import item_request, record_request
from medrwr.curation.rules import Draft, reason_against, telling_words, why_empty
from medrwr.types import ImageCase, Quarantined, Question

Made = TypeVar("Made")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Reconstructed:
    """Questions, rejected cases with their reasons, and cases that an endpoint's failure left for a later run."""

    questions: tuple[Question, ...]
    rejected: tuple[Quarantined, ...]
    postponed: tuple[Quarantined, ...]


def reconstruct(
    cases: Sequence[ImageCase],
    image_root: Path,
    asker: Asker,
    *,
    seed: int,
    attach: bool = True,
    progress: Progress | None = None,
) -> Reconstructed:
    """Ask for each case's record, then for its question; the place of the right option is drawn by seed and id.

    Args:
        image_root: what `case.image` is relative to.
        attach: whether the images are sent along.
    """
    left_out = _LeftOut([], [])
    requests = [record_request(case, image_root, attach=attach) for case in cases]
    replies = asker.ask_all(requests, reader(CaseRecord), label="records", progress=progress)
    records = {case.case_id: record for case, record in left_out.keep(cases, replies)}
    told = [
        case for case in cases if case.case_id in records and left_out.passes(case, why_empty(records[case.case_id]))
    ]
    others = other_conclusions({case.case_id: records[case.case_id] for case in told}, seed=seed)
    asked = [item_request(case, records[case.case_id], others[case.case_id]) for case in told]
    drafts = asker.ask_all(asked, reader(DraftItem), label="questions", progress=progress)
    telling = telling_words(case.caption for case in cases)
    questions = tuple(
        question_of(case, item, seed)
        for case, item in left_out.keep(told, drafts)
        if left_out.passes(case, reason_against(Draft(case.caption, records[case.case_id], item, telling)))
    )
    return Reconstructed(questions, tuple(left_out.rejected), tuple(left_out.postponed))


@dataclass(frozen=True, slots=True)
class _LeftOut:
    rejected: list[Quarantined]
    postponed: list[Quarantined]

    def keep(self, cases: Sequence[ImageCase], outcomes: Sequence[Outcome[Made]]) -> Iterator[tuple[ImageCase, Made]]:
        """The cases with a usable reply; the others are written down."""
        for case, outcome in zip(cases, outcomes, strict=True):
            if outcome.made is not None:
                yield case, outcome.made
            elif outcome.failed:
                self.postponed.append(Quarantined(case.case_id, case.source, outcome.failed))
            else:
                self.rejected.append(Quarantined(case.case_id, case.source, f"reply: {outcome.rejected}"))

    def passes(self, case: ImageCase, reason: str) -> bool:
        """Whether there is no reason against the case; else it is written down."""
        if reason:
            self.rejected.append(Quarantined(case.case_id, case.source, reason))
        return not reason


def question_of(case: ImageCase, item: DraftItem, seed: int) -> Question:
    """The item as a training question, its options in an order drawn by seed and id: no place is the right one's."""
    order = list(range(len(item.options)))
    random.Random(f"options:{seed}:{case.case_id}").shuffle(order)
    return Question(
        question_id=f"curated-{case.case_id}",
        text=item.question,
        options=tuple(item.options[index].strip() for index in order),
        answer=order.index(item.answer),
        images=(case.image,),
        explanation=item.explanation,
        modality=case.modality,
        kind="conclusion",
        fact_id=case.case_id,
        source=case.source or "curation",
        seed=seed,
    )
