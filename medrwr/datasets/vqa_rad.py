"""VQA-RAD: closed questions about radiology images, answered yes or no (M28).

Lau et al. 2018, doi:10.1038/sdata.2018.251. The native file is a JSON list; images lie in `VQA_RAD Image Folder`.
Closed questions that ask to choose between two words ("solid or cystic?") carry no list of options: they are left out,
each with its reason. A question and its paraphrase are one fact, so that intervals count them once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from medrwr.errors import ArtefactError
from medrwr.types import Quarantined, Question

SOURCE = "vqa-rad"
IMAGES = "VQA_RAD Image Folder"
OPTIONS = ("yes", "no")
_FIELDS = ("qid", "qid_linked_id", "image_name", "image_organ", "question", "answer", "answer_type", "phrase_type")


def read_vqa_rad(folder: Path) -> tuple[list[Question], list[Quarantined]]:
    """Closed yes/no questions, and what was left out and why. Image paths are relative to `folder`.

    Raises:
        ArtefactError: no native JSON file, more than one, or one with other field names.
    """
    questions: list[Question] = []
    excluded: list[Quarantined] = []
    for record in records_of(folder):
        reason = _reason_to_exclude(record, folder)
        if reason:
            excluded.append(Quarantined(f"vqa-rad-{record['qid']}", SOURCE, reason))
        else:
            questions.append(_question(record))
    return questions, excluded


def records_of(folder: Path) -> list[dict[str, Any]]:
    """The native file's records, open questions included.

    Raises:
        ArtefactError: no native JSON file, more than one, or one with other field names.
    """
    files = sorted(folder.glob("*.json"))
    if len(files) != 1:
        raise ArtefactError(f"{folder} holds {len(files)} JSON files, expected VQA-RAD's one: point at its folder")
    try:
        records = json.loads(files[0].read_bytes())
    except ValueError as error:
        raise ArtefactError(f"{files[0]} is no JSON ({error}): fetch VQA-RAD again") from None
    if not isinstance(records, list) or not records:
        raise ArtefactError(f"{files[0]} holds no list of records: fetch VQA-RAD again")
    for place, record in enumerate(records):
        missing = [name for name in _FIELDS if not isinstance(record, dict) or name not in record]
        if missing:
            raise ArtefactError(
                f"{files[0]}: record {place} lacks {', '.join(missing)}: is this VQA-RAD's 2018 release?"
            )
    return records


def _reason_to_exclude(record: dict[str, Any], folder: Path) -> str:
    if str(record["answer_type"]).strip().upper() != "CLOSED":
        return "open question"
    if _answer(record) not in OPTIONS:
        return f"closed question answered {record['answer']!r}, neither yes nor no: its options are not listed"
    if not (folder / IMAGES / str(record["image_name"])).is_file():
        return f"image {record['image_name']!r} is missing"
    return ""


def _question(record: dict[str, Any]) -> Question:
    return Question(
        question_id=f"vqa-rad-{record['qid']}",
        text=str(record["question"]).strip(),
        options=OPTIONS,
        answer=OPTIONS.index(_answer(record)),
        images=(f"{IMAGES}/{record['image_name']}",),
        modality=str(record["image_organ"]).lower(),
        kind="closed",
        fact_id=f"vqa-rad:{record['qid_linked_id']}",
        split="test" if str(record["phrase_type"]).startswith("test") else "train",
        source=SOURCE,
    )


def _answer(record: dict[str, Any]) -> str:
    return str(record["answer"]).strip().lower()
