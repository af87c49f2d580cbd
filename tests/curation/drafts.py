"""A good item over a real-looking caption, and ways to spoil it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from medrwr.curation.items import CaseRecord, DraftItem
from medrwr.curation.rules import Draft, telling_words

CAPTION = (
    "A 54-year-old man with fever. The chest radiograph shows a wedge-shaped opacity in the right lower lobe. "
    "Impression: lobar pneumonia."
)
OTHERS = (
    "The radiograph shows a rounded cavity at the apex. Impression: pulmonary tuberculosis.",
    "The radiograph shows blunting of the costophrenic angle. Impression: pleural effusion.",
    "The radiograph shows a visible pleural line without lung markings. Impression: tension pneumothorax.",
    *(f"The radiograph of number {number} shows nothing of note. Impression: normal chest." for number in range(40)),
)
RECORD = CaseRecord(
    clinical_information="A 54-year-old man with fever.",
    observation="The chest radiograph shows a wedge-shaped opacity in the right lower lobe.",
    analysis="A wedge-shaped opacity in the right lower lobe with fever points to lobar pneumonia.",
    conclusion="lobar pneumonia",
)
ITEM = DraftItem(
    question="A 54-year-old man with fever. Which diagnosis does the image support?",
    options=("lobar pneumonia", "pleural effusion", "lung abscess", "miliary spread"),
    answer=0,
    explanation="The wedge-shaped opacity in the right lower lobe is that of lobar pneumonia.",
)


def draft(*, record: dict[str, Any] | None = None, **item: Any) -> Draft:
    return Draft(CAPTION, replace(RECORD, **(record or {})), replace(ITEM, **item), telling_words((CAPTION, *OTHERS)))
