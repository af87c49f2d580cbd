"""The data card of a curated set: what it was made from and by, how much of what, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from medrwr.curation.body_parts import body_part_of
from medrwr.curation.endpoint import Asker
from medrwr.curation.reconstruct import Reconstructed
from medrwr.types import ImageCase, Quarantined


def card_of(
    cases: Sequence[ImageCase],
    found: Reconstructed,
    rejected: Sequence[Quarantined],
    asker: Asker,
    *,
    licence: str,
    licences: Mapping[str, str] | None = None,
) -> str:
    """Markdown; the same content gives the same bytes, whether replies were paid for or known.

    Args:
        cases: those that were offered to the language model.
        licences: of single images, where the archive's table says them; `licence` is that of the others.
    """
    questions = found.questions
    captions = {case.image: case.caption for case in cases}
    images = [question.images[0] for question in questions]
    places = Counter(question.gold_letter for question in questions)
    parts = [
        "# Data card",
        "",
        f"- Cases: {len(cases)}, licence: {licence or ('see the table' if licences else 'not stated')}",
        f"- Questions: {len(questions)}, written by {asker.model}",
        f"- Rejected: {len(rejected)}; left for a later run: {len(found.postponed)}",
        f"- Place of the right option: {', '.join(f'{letter} {count}' for letter, count in sorted(places.items()))}",
        "",
        *_table("Source", Counter(question.source for question in questions)),
        *_table("Licence", Counter((licences or {}).get(image) or licence or "not stated" for image in images)),
        *_table("Modality", Counter(question.modality or "not stated" for question in questions)),
        *_table("Body part", Counter(body_part_of(captions[image]) for image in images)),
        *_table("Options", Counter(str(len(question.options)) for question in questions)),
        *_table("Rejected because of", Counter(one.reason.split(":")[0] for one in rejected)),
        "For research use. Questions come from captions and are no medical advice; look at them before you train.",
    ]
    return "\n".join(parts) + "\n"


def _table(heading: str, counts: Counter[str]) -> Iterable[str]:
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"| {heading} | count |", "| --- | ---: |", *(f"| {name} | {count} |" for name, count in rows), ""]
