"""Small files in the formats in which the paper's data sets are published, written by the tests that read them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

MEDQA: dict[str, Any] = {
    "question": "A 23-year-old pregnant woman has burning upon urination. Which is the best treatment?",
    "answer": "Nitrofurantoin",
    "options": {"A": "Ampicillin", "B": "Ceftriaxone", "C": "Doxycycline", "D": "Nitrofurantoin"},
    "meta_info": "step2&3",
    "answer_idx": "D",
    "metamap_phrases": ["23 year old pregnant woman"],
}
MEDMCQA: dict[str, Any] = {
    "question": "Which vitamin is supplied from only animal source:",
    "exp": "Ans. (c) Vitamin B12. Vitamin B12 is synthesised by microorganisms.",
    "cop": 3,
    "opa": "Vitamin C",
    "opb": "Vitamin B7",
    "opc": "Vitamin B12",
    "opd": "Vitamin D",
    "subject_name": "Biochemistry",
    "topic_name": "Vitamins and Minerals",
    "id": "e9ad821a-c438-4965-9f77-760819dfa155",
    "choice_type": "single",
}
PUBMEDVISION: dict[str, Any] = {
    "image": ["images/pmc_1_0.jpg"],
    "id": "Alignment_VQA_1",
    "modality": "Computed Tomography",
    "body_part": "Chest",
    "conversations": [
        {"from": "human", "value": "<image>\nWhat does the picture show?"},
        {"from": "gpt", "value": "A CT of the chest with a pleural effusion on the right."},
    ],
}
ECED: dict[str, Any] = {"id": "1", "images": ["frames/1.png"], "caption": "Parasternal long axis, mitral prolapse."}


def write_lines(path: Path, records: Sequence[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def write_array(path: Path, records: Sequence[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(records))
    return path


def draw(path: Path, tone: int) -> Path:
    """An image of its own for each tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.radial_gradient("L").rotate(tone % 90).crop((tone % 64, tone % 32, 224, 224))
    image.resize((96, 96)).convert("RGB").save(path)
    return path


def pack(archive: Path, images: Sequence[Path]) -> Path:
    """As PubMedVision's images_0.zip: with folders inside that are dropped when it is unpacked."""
    with zipfile.ZipFile(archive, "w") as packed:
        for image in images:
            packed.write(image, f"images_0/{image.name}")
    return archive
