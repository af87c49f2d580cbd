"""ECED: echocardiograms with captions, the case corpus for echocardiography (M10; arXiv 2510.18303).

The set itself is not public. This reads the record format of the authors' released loader for its sister, ECBench: a
JSON array or JSON lines, `images` a list of paths; with the image's text as `caption`. `image`, and a single path
instead of a list, are taken too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medrwr.datasets.image_store import ImageStore
from medrwr.datasets.rows import Row, read_rows, sort_out, text_of
from medrwr.errors import ArtefactError, RecordError
from medrwr.types import ImageCase, Quarantined

SOURCE = "eced"
MODALITY = "echocardiography"
PATTERNS = ("*.json", "*.jsonl", "images/*", "*.zip")


def read_eced(path: Path) -> tuple[list[ImageCase], list[Quarantined]]:
    """Its image cases, and what was left out and why. Image names are those of `ImageStore(folder)`.

    Raises:
        ArtefactError: no data file, nothing usable in it, or a damaged archive.
    """
    folder = path.parent if path.is_file() else path
    files = [path] if path.is_file() else sorted([*folder.glob("*.json"), *folder.glob("*.jsonl")])
    if not files:
        raise ArtefactError(f"{folder} has no .json or .jsonl file: point at the folder of image-caption pairs")
    store = ImageStore(folder)
    return sort_out(read_rows(files), SOURCE, lambda row, values: _cases(row, values, store))


def _cases(row: Row, values: Mapping[str, Any], store: ImageStore) -> dict[str, ImageCase]:
    name, images = text_of(values, "id") or row.place, values.get("images", values.get("image"))
    images = [images] if isinstance(images, str) else images
    caption = text_of(values, "caption")
    if not isinstance(images, list) or not images:
        raise RecordError(f"has no `images` (fields: {', '.join(map(str, values))}), expected a list of paths")
    if not caption:
        raise RecordError(f"has no `caption` (fields: {', '.join(map(str, values))})")
    modality = text_of(values, "modality").lower() or MODALITY
    cases = {}
    for number, image in enumerate(images):
        case = f"{SOURCE}-{name}-{number}"
        cases[case] = ImageCase(case, store.require(image), caption, modality, SOURCE)
    return cases
