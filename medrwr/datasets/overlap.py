"""No training item overlaps an evaluation item (M14): exact and near-duplicate text, near-duplicate images.

Text means question and options, in any order of the options. A short text beside an image ("What is seen here?")
identifies no question, so such a pair is told apart by its images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medrwr.datasets.perceptual import Fingerprint, fingerprint, similar_images
from medrwr.datasets.shingles import similar_texts, words_of
from medrwr.errors import OverlapError
from medrwr.types import Question

TEXT_SIMILARITY = 0.8
IMAGE_SIMILARITY = 0.98
IDENTIFYING_WORDS = 20
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ItemSet:
    """Questions with the folder that their image paths are relative to."""

    name: str
    questions: Sequence[Question]
    image_root: Path


@dataclass(frozen=True, slots=True)
class Overlap:
    """One evaluation item that a training item gives away."""

    training_id: str
    evaluation_id: str
    kind: Literal["text", "image"]
    similarity: float


def find_overlaps(training: Sequence[ItemSet], evaluation: ItemSet) -> list[Overlap]:
    """All overlapping pairs, sorted by evaluation id.

    Raises:
        ImageError: an image cannot be read.
    """
    trained = [question for items in training for question in items.questions]
    found = {*_text_overlaps(trained, evaluation.questions), *_image_overlaps(training, evaluation)}
    return sorted(found, key=lambda overlap: (overlap.evaluation_id, overlap.training_id, overlap.kind))


def require_disjoint(training: Sequence[ItemSet], evaluation: ItemSet) -> int:
    """Fail when any training item overlaps an evaluation item; returns how many pairs were ruled out.

    Raises:
        OverlapError: with the ids of the first ten pairs, and how many there are.
        ImageError: an image cannot be read.
    """
    overlaps = find_overlaps(training, evaluation)
    if overlaps:
        shown = ", ".join(
            f"{item.training_id} ~ {item.evaluation_id} ({item.kind}, {item.similarity:.2f})"
            for item in overlaps[:_SHOWN]
        )
        more = f" and {len(overlaps) - _SHOWN} more" if len(overlaps) > _SHOWN else ""
        raise OverlapError(
            f"{len(overlaps)} items of {', '.join(items.name for items in training)} overlap {evaluation.name}: "
            f"{shown}{more}: take them out of the training data"
        )
    return sum(len(items.questions) for items in training) * len(evaluation.questions)


def _text_overlaps(training: Sequence[Question], evaluation: Sequence[Question]) -> Iterator[Overlap]:
    pairs = similar_texts([_text(q) for q in training], [_text(q) for q in evaluation], at_least=TEXT_SIMILARITY)
    for pair in pairs:
        one, two = training[pair.first], evaluation[pair.second]
        if not (one.images or two.images) or min(len(words_of(q.text)) for q in (one, two)) >= IDENTIFYING_WORDS:
            yield Overlap(one.question_id, two.question_id, "text", pair.similarity)


def _image_overlaps(training: Sequence[ItemSet], evaluation: ItemSet) -> Iterator[Overlap]:
    trained = [entry for items in training for entry in _fingerprints(items)]
    tested = _fingerprints(evaluation)
    pairs = similar_images([mark for _, mark in trained], [mark for _, mark in tested], at_least=IMAGE_SIMILARITY)
    for pair in pairs:
        yield Overlap(trained[pair.first][0], tested[pair.second][0], "image", round(pair.similarity, 4))


def _fingerprints(items: ItemSet) -> list[tuple[str, Fingerprint]]:
    return [(q.question_id, fingerprint(items.image_root / image)) for q in items.questions for image in q.images]


def _text(question: Question) -> str:
    return " ".join([question.text, *sorted(option.casefold() for option in question.options)])
