"""Small stand-ins for the paper's data, in the formats in which that is published; one damaged record in each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.datasets.native import ECED, MEDMCQA, MEDQA, PUBMEDVISION, draw, pack, write_array, write_lines
from tests.knowledge_base import samples

FOLDER = "native"
DRUGS = ("Ampicillin", "Ceftriaxone", "Doxycycline", "Nitrofurantoin")
SIGNS = ("granular ring", "hazy nodule", "striped wedge", "smooth arc", "dense plaque", "pale halo")
COUNT = 16


def datasets() -> dict[str, Any]:
    """The section `datasets`, as params/paper.yaml has it, with folders in the place of hub names."""
    return {
        "rl_text": {
            "medqa": {"format": "medqa", "path": f"{FOLDER}/medqa", "revision": None, "split": "train"},
            "medmcqa": {"format": "medmcqa", "path": f"{FOLDER}/medmcqa", "revision": None, "split": "train"},
        },
        "image_cases": {
            "pubmedvision": {"format": "pubmedvision", "path": f"{FOLDER}/pubmedvision", "revision": None},
            "eced": {"format": "eced", "path": f"{FOLDER}/eced", "revision": None},
        },
    }


def sources() -> dict[str, Any]:
    """Knowledge bases: the clinic's, ExpKB from explanations of exam questions, PubMedKB from abstracts (M7)."""
    return {
        "clinic": {"path": "data/clinic/documents", "format": "auto"},
        "expkb": {"path": f"{FOLDER}/medmcqa", "format": "medmcqa"},
        "pubmedkb": {"path": f"{FOLDER}/pubmed", "format": "medcpt"},
    }


def write_standins(root: Path) -> None:
    """Below root/native."""
    folder = root / FOLDER
    write_lines(folder / "medqa/phrases_no_exclude_train.jsonl", [*map(_medqa, range(COUNT)), MEDQA | {"options": {}}])
    write_lines(folder / "medmcqa/train.json", [*map(_medmcqa, range(COUNT)), MEDMCQA | {"cop": None}])
    _pubmedvision(folder / "pubmedvision")
    _eced(folder / "eced")
    (folder / "pubmed").mkdir()
    (folder / "pubmed/pubmed_chunk_0.json").write_bytes(samples.medcpt("tarvenosis"))


def vignette(number: int) -> str:
    """A question's text; no two are alike."""
    sign, age = SIGNS[number % len(SIGNS)], 20 + 3 * number
    return f"A {age}-year-old patient, seen on day {number + 1}, has a {sign}. Which drug is given first?"


def _medqa(number: int) -> dict[str, Any]:
    answer = number % 4
    options = dict(zip("ABCD", DRUGS, strict=True))
    changed = {"question": vignette(number), "options": options, "answer": DRUGS[answer], "answer_idx": "ABCD"[answer]}
    return MEDQA | changed


def _medmcqa(number: int) -> dict[str, Any]:
    sign, drug = SIGNS[number % len(SIGNS)], DRUGS[number % 4]
    explanation = (
        f"Ans. ({'abcd'[number % 4]}) {drug}. A {sign} that grows within {number + 2} weeks answers to {drug}; "
    )
    options = dict(zip(("opa", "opb", "opc", "opd"), DRUGS, strict=True))
    return MEDMCQA | options | {
        "id": f"m{number}",
        "question": f"Drug of choice for a {sign} which has grown for {number + 2} weeks:",
        "exp": explanation + samples.prose(f"disease{number}"),
        "cop": 1 + number % 4,
    }  # fmt: skip


def _pubmedvision(folder: Path) -> None:
    images = [draw(folder / f"unpacked/pmc_{number}_0.jpg", number) for number in range(COUNT)]
    pack(folder / "images_0.zip", images)
    for image in images:
        image.unlink()
    records = [
        PUBMEDVISION
        | {
            "id": f"Alignment_VQA_{number}",
            "image": [f"images/pmc_{number}_0.jpg"],
            "conversations": [
                {"from": "human", "value": "<image>\nDescribe the picture."},
                {"from": "gpt", "value": f"Chest radiograph {number} with a {SIGNS[number % len(SIGNS)]}."},
            ],
        }
        for number in range(COUNT + 1)  # the last one's image is not in the archive
    ]
    write_array(folder / "PubMedVision_Alignment_VQA.json", records)


def _eced(folder: Path) -> None:
    records = []
    for number in range(COUNT):
        draw(folder / f"frames/{number}.png", 40 + number)
        caption = f"Parasternal long axis, frame {number}, a {SIGNS[number % len(SIGNS)]} at the valve."
        records.append(ECED | {"id": str(number), "images": [f"frames/{number}.png"], "caption": caption})
    write_array(folder / "eced.json", [*records, ECED | {"id": "none", "images": []}])
