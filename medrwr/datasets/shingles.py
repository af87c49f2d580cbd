"""Near-duplicate texts: Jaccard overlap of word triples (Broder 1997, doi:10.1109/SEQUEN.1997.666900)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WORDS = 3
_ROWS = 2000  # texts compared at once, to bound memory


@dataclass(frozen=True, slots=True)
class SimilarPair:
    """`first` and `second` are places in the two lists; `similarity` in [0, 1], 1 for the same text."""

    first: int
    second: int
    similarity: float


def words_of(text: str) -> list[str]:
    """Words in lower case, compatibility forms folded, punctuation and white space gone."""
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def shingles_of(text: str) -> frozenset[str]:
    """Runs of three words; a shorter text is one shingle, a text without words has none."""
    words = words_of(text)
    if not words:
        return frozenset()
    return frozenset(" ".join(words[i : i + WORDS]) for i in range(max(1, len(words) - WORDS + 1)))


def similar_texts(first: Sequence[str], second: Sequence[str], *, at_least: float) -> Iterator[SimilarPair]:
    """Pairs across the two lists with a Jaccard similarity of at least `at_least` (above 0)."""
    yield from _similar([shingles_of(text) for text in first], [shingles_of(text) for text in second], at_least)


def similar_words(first: Sequence[str], second: Sequence[str], *, at_least: float) -> Iterator[SimilarPair]:
    """The same by single words, whatever their order."""
    one, two = ([frozenset(words_of(text)) for text in texts] for texts in (first, second))
    yield from _similar(one, two, at_least)


def _similar(
    first: Sequence[frozenset[str]], second: Sequence[frozenset[str]], at_least: float
) -> Iterator[SimilarPair]:
    vocabulary: dict[str, int] = {}
    one, two = _entries(first, vocabulary), _entries(second, vocabulary)
    left, right = _matrix(one, len(first), len(vocabulary)), _matrix(two, len(second), len(vocabulary)).T.tocsr()
    left_size, right_size = np.asarray(left.sum(axis=1)).ravel(), np.asarray(right.sum(axis=0)).ravel()
    for start in range(0, len(first), _ROWS):
        shared = (left[start : start + _ROWS] @ right).tocoo()
        rows = shared.row + start
        similarity = shared.data / (left_size[rows] + right_size[shared.col] - shared.data)
        for place in np.flatnonzero(similarity >= at_least):
            yield SimilarPair(int(rows[place]), int(shared.col[place]), float(similarity[place]))


def _entries(texts: Sequence[frozenset[str]], vocabulary: dict[str, int]) -> tuple[list[int], list[int]]:
    """Rows and columns of the ones of a text-by-shingle matrix; new shingles are added to `vocabulary`."""
    rows: list[int] = []
    columns: list[int] = []
    for row, parts in enumerate(texts):
        places = [vocabulary.setdefault(shingle, len(vocabulary)) for shingle in sorted(parts)]
        rows += [row] * len(places)
        columns += places
    return rows, columns


def _matrix(entries: tuple[list[int], list[int]], texts: int, shingles: int) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(entries[0]), dtype=np.int32), entries), shape=(texts, shingles))
