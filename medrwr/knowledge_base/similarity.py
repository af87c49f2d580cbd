"""Near-duplicates (Broder 1997, MinHash): passages that say again what another one of the source says.

What a passage says includes what it is about: title and heading count. A passage is left out only when an earlier one
has nearly all of its runs of three words (Jaccard >= threshold, exactly), every word of it, and the same figures and
negations: "5 mg" and "50 mg", "is" and "is not", one disease and another, are never duplicates.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

PERMUTATIONS = 64
BANDS = 8  # of 8 rows: of pairs with Jaccard .9, 99% share a band; of pairs with .5, 3%
_SHINGLE = 3
_ESTIMATE_ERROR = 0.15  # four standard errors of an estimate from 64 samples near .9
_COMPARED = 16  # kept members of a band that a passage is compared with
_WORD = re.compile(r"\w+(?:[.,]\d+)*")
_NEGATIONS = frozenset({"no", "not", "non", "never", "without", "none", "nor", "neither", "cannot", "except", "unless"})

Signatures = npt.NDArray[np.uint32]


def words_of(text: str) -> list[str]:
    """Lower-case words; a decimal number is one."""
    return _WORD.findall(text.lower())


def shingles(words: Sequence[str]) -> set[str]:
    """Runs of three words; of a shorter text, the whole."""
    if len(words) <= _SHINGLE:
        return {" ".join(words)}
    return {" ".join(words[start : start + _SHINGLE]) for start in range(len(words) - _SHINGLE + 1)}


def sign(texts: Iterable[str]) -> Signatures:
    """MinHash of each text, [N, PERMUTATIONS]; the same text always gives the same row."""
    rows = [_minhash([one.encode() for one in shingles(words_of(text))]) for text in texts]
    return np.stack(rows) if rows else np.empty((0, PERMUTATIONS), np.uint32)


def _minhash(values: list[bytes]) -> Signatures:
    from datasketch import MinHash

    like = _permutations()
    sketch = MinHash(PERMUTATIONS, hashfunc=zlib.crc32, permutations=like.permutations, scheme=like.scheme)
    sketch.update_batch(values)
    found: Signatures = sketch.hashvalues
    return found


@cache
def _permutations() -> Any:
    from datasketch import MinHash

    return MinHash(PERMUTATIONS, seed=1, hashfunc=zlib.crc32, scheme="affine32")


def near_duplicates(signatures: Signatures, text_of: Callable[[int], str], *, threshold: float) -> set[int]:
    """Rows to leave out: each repeats an earlier row that stays. `text_of` is asked for candidates only."""
    bands_of: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for band, groups in enumerate(_groups(signatures)):
        for number, group in enumerate(groups):
            for row in group:
                bands_of[row].append((band, number))
    kept: dict[tuple[int, int], list[int]] = defaultdict(list)
    left_out: set[int] = set()
    look = _Lookup(text_of)
    for row in sorted(bands_of):
        others = _likely(signatures, row, {other for key in bands_of[row] for other in kept[key]}, threshold)
        if any(look(row).repeats(look(other), threshold) for other in others):
            left_out.add(row)
            continue
        for key in bands_of[row]:
            if len(kept[key]) < _COMPARED:
                kept[key].append(row)
    return left_out


def _likely(signatures: Signatures, row: int, others: set[int], threshold: float) -> list[int]:
    """Those whose signature agrees about as much as that of a duplicate must: texts are compared only then."""
    rows = np.fromiter(sorted(others), np.int64, len(others))
    agreeing = (signatures[rows] == signatures[row]).mean(axis=1) >= threshold - _ESTIMATE_ERROR
    found: list[int] = rows[agreeing].tolist()
    return found


def _groups(signatures: Signatures) -> Iterator[list[list[int]]]:
    """For each band: the rows that agree in it, where there are several."""
    width = PERMUTATIONS // BANDS
    for band in range(BANDS if len(signatures) else 0):
        keys = np.ascontiguousarray(signatures[:, band * width : (band + 1) * width]).view(f"V{4 * width}").ravel()
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        order = np.argsort(inverse, kind="stable")
        ends = np.cumsum(counts)
        yield [order[end - count : end].tolist() for end, count in zip(ends, counts, strict=True) if count > 1]


class _Said:
    """What one text says, taken apart."""

    __slots__ = ("figures", "shingles", "words")

    def __init__(self, text: str) -> None:
        words = words_of(text)
        self.shingles = shingles(words)
        self.words = frozenset(words)
        self.figures = Counter(word for word in words if word in _NEGATIONS or any(map(str.isdigit, word)))

    def repeats(self, other: _Said, threshold: float) -> bool:
        common = len(self.shingles & other.shingles)
        similar = common >= threshold * (len(self.shingles) + len(other.shingles) - common)
        return similar and self.words <= other.words and self.figures == other.figures


class _Lookup:
    """Texts taken apart, the last ones remembered."""

    def __init__(self, text_of: Callable[[int], str]) -> None:
        self._text_of = text_of
        self._said: dict[int, _Said] = {}

    def __call__(self, row: int) -> _Said:
        if row not in self._said:
            if len(self._said) > 20_000:
                self._said.clear()
            self._said[row] = _Said(self._text_of(row))
        return self._said[row]
