"""What a benchmark holds, in sources that training data is made of (M14): stricter than between our own splits.

A question counts by its words alone, in any order and whatever its options are called; an image also when it was cut
out of the other. Two questions of one clinic's templates would count here, which is why our own splits are compared by
`medrwr.datasets.overlap` only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from medrwr.curation.crops import parts_of
from medrwr.datasets.overlap import ItemSet, Overlap, find_overlaps
from medrwr.datasets.shingles import similar_words, words_of
from medrwr.retrieval.images import open_image
from medrwr.types import Question

if TYPE_CHECKING:
    from PIL.Image import Image

WORD_SIMILARITY = 0.8
CROP_SIMILARITY = 0.98
_LEAST_WORDS = 8  # of a question that identifies itself without its options
_PIXELS = 192


def find_leaks(made: ItemSet, benchmark: ItemSet) -> list[Overlap]:
    """Pairs of an item of `made` and one of `benchmark` that it gives away, each pair once, sorted by both ids.

    Raises:
        ImageError: an image cannot be read.
    """
    found = {(one.training_id, one.evaluation_id): one for one in find_overlaps([made], benchmark)}
    for leak in (*_same_words(made.questions, benchmark.questions), *_crops(made, benchmark)):
        found.setdefault((leak.training_id, leak.evaluation_id), leak)
    return [found[pair] for pair in sorted(found)]


def _same_words(made: Sequence[Question], benchmark: Sequence[Question]) -> Iterator[Overlap]:
    for pair in similar_words([q.text for q in made], [q.text for q in benchmark], at_least=WORD_SIMILARITY):
        one, two = made[pair.first], benchmark[pair.second]
        if min(len(set(words_of(q.text))) for q in (one, two)) >= _LEAST_WORDS:
            yield Overlap(one.question_id, two.question_id, "text", round(pair.similarity, 4))


def _crops(made: ItemSet, benchmark: ItemSet) -> Iterator[Overlap]:
    """Either image may be a part of the other."""
    ours, theirs = _pictures(made), _pictures(benchmark)
    small = [image for _, image in ours], [image for _, image in theirs]
    for whole, part, found in parts_of(small[1], small[0], at_least=CROP_SIMILARITY):
        yield Overlap(ours[part][0], theirs[whole][0], "image", round(found, 4))
    for whole, part, found in parts_of(small[0], small[1], at_least=CROP_SIMILARITY):
        yield Overlap(ours[whole][0], theirs[part][0], "image", round(found, 4))


def _pictures(items: ItemSet) -> list[tuple[str, Image]]:
    """Grey images of a size that is enough for what is compared, with the id of their question."""
    found = []
    for question in items.questions:
        for name in question.images:
            image = open_image(items.image_root / name).convert("L")
            image.thumbnail((_PIXELS, _PIXELS))
            found.append((question.question_id, image))
    return found
