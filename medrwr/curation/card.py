"""The data card of a curated set: what it was made from and by, how much of what, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

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
) -> str:
    """Markdown; the same content gives the same bytes, whether replies were paid for or known."""
    questions = found.questions
    places = Counter(question.gold_letter for question in questions)
    parts = [
        "# Data card",
        "",
        f"- Cases: {len(cases)}, licence: {licence or 'not stated'}",
        f"- Questions: {len(questions)}, written by {asker.model}",
        f"- Rejected: {len(rejected)}; left for a later run: {len(found.postponed)}",
        f"- Place of the right option: {', '.join(f'{letter} {count}' for letter, count in sorted(places.items()))}",
        "",
        *_table("Modality", Counter(question.modality or "not stated" for question in questions)),
        *_table("Options", Counter(str(len(question.options)) for question in questions)),
        *_table("Rejected because of", Counter(one.reason.split(":")[0] for one in rejected)),
        "For research use. Questions come from captions and are no medical advice; look at them before you train.",
    ]
    return "\n".join(parts) + "\n"


def _table(heading: str, counts: Counter[str]) -> Iterable[str]:
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"| {heading} | count |", "| --- | ---: |", *(f"| {name} | {count} |" for name, count in rows), ""]
