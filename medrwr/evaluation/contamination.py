"""What training data, image cases or the knowledge base may give away of a test question: flagged, and left in (M14).

Looser than the check that keeps the splits apart (`medrwr.datasets.overlap`), which fails the pipeline: a flag is a
reason to look at the accuracy without the flagged questions, and blocks nothing.

- n-gram: one item holds at least half of the question's runs of 13 words (Brown et al. 2020, arXiv:2005.14165,
  appendix C, flags by one run); a shorter question, of eight words or more, is one run;
- embedding: cosine of the texts' vectors at least .95;
- image: a near-duplicate by perceptual hash and thumbnail.

A question too short to be told from another by its words ("What is seen here?") is judged by its images alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medrwr.datasets.overlap import IDENTIFYING_WORDS, IMAGE_SIMILARITY
from medrwr.datasets.perceptual import fingerprint, similar_images
from medrwr.datasets.shingles import words_of
from medrwr.types import Question

Means = Literal["n-gram", "embedding", "image"]
RUN, SHORTEST_RUN = 13, 8
RUN_SHARE = 0.5
COSINE = 0.95
_ROWS = 256  # questions compared at once, to bound memory


@dataclass(frozen=True, slots=True)
class Flag:
    """A test question and what is most like it in `source`, by one means; `similarity` in [0, 1]."""

    question_id: str
    source: str
    means: Means
    other_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Clean:
    """Accuracy of the final model in a cell, of all answers and of those to questions without a flag."""

    rung: str
    cell: str
    answers: int
    flagged: int
    accuracy: float
    accuracy_unflagged: float | None


def shared_runs(questions: Sequence[Question], items: Iterable[tuple[str, str]], source: str) -> list[Flag]:
    """Flags by n-grams; `items` (id, text) are gone through once and not kept, so that there may be millions."""
    words = [words_of(question.text) if identifies(question) else [] for question in questions]
    runs = [_runs(own, min(RUN, len(own))) if len(own) >= SHORTEST_RUN else set() for own in words]
    owners: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, own in enumerate(runs):
        for run in own:
            owners[run].append(place)
    sizes = {len(run) for run in owners}
    best: dict[int, tuple[float, str]] = {}
    for item_id, text in items:
        written = words_of(text)
        found = (run for size in sizes for run in _runs(written, size))
        shared = Counter(place for run in found for place in owners.get(run, ()))
        for place, count in shared.items():
            share = count / len(runs[place])
            if share >= RUN_SHARE and share > best.get(place, (0.0, ""))[0]:
                best[place] = (share, item_id)
    return [
        Flag(questions[i].question_id, source, "n-gram", other, share) for i, (share, other) in sorted(best.items())
    ]


def near_texts(
    questions: Sequence[Question],
    vectors: NDArray[np.float32],
    other_ids: Sequence[str],
    others: NDArray[np.float32],
    source: str,
) -> list[Flag]:
    """Flags by cosine; vectors [questions, dim] and others [items, dim] are L2-normalised. Short texts are left out."""
    flags: list[Flag] = []
    if not len(other_ids):
        return flags
    for start in range(0, len(questions), _ROWS):
        cosines = vectors[start : start + _ROWS] @ others.T
        best = cosines.argmax(axis=1)
        for row, place in enumerate(best):
            question, cosine = questions[start + row], float(cosines[row, place])
            if cosine >= COSINE and identifies(question):
                flags.append(Flag(question.question_id, source, "embedding", other_ids[int(place)], min(1.0, cosine)))
    return flags


def near_images(
    questions: Sequence[Question], root: Path, items: Sequence[tuple[str, str]], items_root: Path, source: str
) -> list[Flag]:
    """Flags by images; `items` are (id, image path below `items_root`).

    Raises:
        ImageError: an image cannot be read.
    """
    own = [(question.question_id, fingerprint(root / image)) for question in questions for image in question.images]
    theirs = [(item_id, fingerprint(items_root / image)) for item_id, image in items] if own else []
    best: dict[str, tuple[float, str]] = {}
    marks = [mark for _, mark in own], [mark for _, mark in theirs]
    for pair in similar_images(*marks, at_least=IMAGE_SIMILARITY):
        name, other = own[pair.first][0], theirs[pair.second][0]
        if pair.similarity > best.get(name, (0.0, ""))[0]:
            best[name] = (pair.similarity, other)
    return [Flag(name, source, "image", other, similarity) for name, (similarity, other) in sorted(best.items())]


def identifies(question: Question) -> bool:
    """Whether the words alone tell this question from others: always without images, else from 20 words on."""
    return not question.images or len(words_of(text_of(question))) >= IDENTIFYING_WORDS


def text_of(question: Question) -> str:
    """Question and options, in an order that does not depend on theirs."""
    return " ".join([question.text, *sorted(option.casefold() for option in question.options)])


def _runs(words: Sequence[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}
