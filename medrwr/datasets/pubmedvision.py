"""PubMedVision (Chen et al. 2024, arXiv:2406.19280): images with descriptions, the general case corpus (M10).

Native: one JSON array, PubMedVision_Alignment_VQA.json, of {"image": ["images/pmc_1_0.jpg", ..], "id", "modality",
"body_part", "conversations": [{"from": "human", "value": ..}, {"from": "gpt", "value": ..}]}; the images in
images_0.zip .. images_19.zip. The description is what "gpt" says. A record with several images gives a case for each,
all with its description. (Its questions are open: multiple choice is made of them by M12.)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medrwr.datasets.image_store import ImageStore
from medrwr.datasets.rows import Row, read_rows, sort_out, text_of
from medrwr.errors import ArtefactError, RecordError
from medrwr.types import ImageCase, Quarantined

SOURCE = "pubmedvision"
PATTERNS = ("*Alignment*.json", "images_*.zip")


def read_pubmedvision(path: Path) -> tuple[list[ImageCase], list[Quarantined]]:
    """Its image cases, and what was left out and why. Image names are those of `ImageStore(folder)`.

    Raises:
        ArtefactError: no Alignment file, nothing usable in it, or a damaged archive.
    """
    folder = path.parent if path.is_file() else path
    files = [path] if path.is_file() else sorted(folder.glob("*Alignment*.json*"))
    if not files:
        raise ArtefactError(f"{folder} has no PubMedVision_Alignment_VQA.json: point at PubMedVision's folder")
    store = ImageStore(folder)
    return sort_out(read_rows(files), SOURCE, lambda row, values: _cases(row, values, store))


def _cases(row: Row, values: Mapping[str, Any], store: ImageStore) -> dict[str, ImageCase]:
    name, images = text_of(values, "id") or row.place, values.get("image")
    images = [images] if isinstance(images, str) else images
    caption = _description(values.get("conversations"))
    if not isinstance(images, list) or not images:
        raise RecordError(f"has the images {images!r}, expected a list of paths")
    cases = {}
    for number, image in enumerate(images):
        case = f"{SOURCE}-{name}-{number}"
        cases[case] = ImageCase(case, store.require(image), caption, text_of(values, "modality").lower(), SOURCE)
    return cases


def _description(turns: object) -> str:
    said = [turn for turn in turns if isinstance(turn, Mapping)] if isinstance(turns, list) else []
    texts = [text_of(turn, "value") for turn in said if turn.get("from") == "gpt"]
    caption = "\n".join(text for text in texts if text)
    if not caption:
        raise RecordError("has no description: no turn of 'gpt' in `conversations`")
    return caption
