"""A folder of DICOM files -> image cases without identity (M10): pictures as PNG, the rest of the header as JSON.

Each file becomes a case or a quarantine row with its reason. A case is named by its content, because file names carry
names. A file whose header says that text is burned into its pixels is quarantined: nothing here can take it out.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrwr.errors import ArtefactError, ImageError
from medrwr.records import write_text_atomic
from medrwr.retrieval.dicom import DAMAGE, is_dicom, picture_of, read_dicom
from medrwr.retrieval.dicom_identity import burned_in, without_identity
from medrwr.types import ImageCase, Quarantined

if TYPE_CHECKING:
    from pydicom import Dataset

CAPTIONS = "captions.jsonl"  # lines {"file": path below the folder, "caption": text}
_CAPTION_FIELDS = ("Modality", "BodyPartExamined", "ViewPosition", "ImageLaterality")


def import_dicom(
    folder: Path, destination: Path, *, source: str, image_root: Path
) -> tuple[list[ImageCase], list[Quarantined]]:
    """Write `<case id>.png` and `<case id>.json` to `destination`; images of cases are relative to `image_root`.

    Raises:
        ArtefactError: the folder does not exist.
    """
    if not folder.is_dir():
        raise ArtefactError(f"DICOM folder {folder} does not exist: correct case_index.dicom")
    destination.mkdir(parents=True, exist_ok=True)
    captions = _captions(folder / CAPTIONS)
    cases: dict[str, ImageCase] = {}
    bad: list[Quarantined] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CAPTIONS):
        name = path.relative_to(folder).as_posix()
        if not is_dicom(path):
            continue
        try:
            case = _import_one(path, destination, captions.get(name, ""), source, image_root)
        except ImageError as error:
            bad.append(Quarantined(name, source, str(error)))
            continue
        if case.case_id in cases:
            bad.append(Quarantined(name, source, f"the same file as case {case.case_id}: one of the two is enough"))
        cases.setdefault(case.case_id, case)
    return list(cases.values()), bad


def _import_one(path: Path, destination: Path, caption: str, source: str, image_root: Path) -> ImageCase:
    dataset = read_dicom(path)
    header, values = _cleaned(dataset, path.name)
    picture = picture_of(dataset, name=path.name)
    case_id = f"{source}-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
    write_text_atomic(destination / f"{case_id}.json", json.dumps(values, sort_keys=True) + "\n")
    image = destination / f"{case_id}.png"
    temporary = image.with_name(image.name + ".tmp")
    picture.save(temporary, format="PNG")
    temporary.replace(image)
    relative = os.path.relpath(image, image_root)
    return ImageCase(case_id, Path(relative).as_posix(), caption or _caption_of(header), _modality(header), source)


def _cleaned(dataset: Dataset, name: str) -> tuple[Dataset, dict[str, Any]]:
    """The header without identity, and what is written of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lettered, header = burned_in(dataset), without_identity(dataset)
            values = {"burned_in": lettered, "dicom": header.to_json_dict()}
    except DAMAGE as error:
        raise ImageError(f"the header of {name} cannot be cleaned ({error!r}): repair or leave it out") from None
    if lettered == "yes":
        raise ImageError(f"{name} has text burned into its pixels (BurnedInAnnotation YES): mask it first")
    return header, values


def _caption_of(header: Dataset) -> str:
    """What the cleaned header says of the picture, in words."""
    values = [str(header.get(field, "") or "").strip() for field in _CAPTION_FIELDS]
    return " ".join(value.lower() if index else value for index, value in enumerate(values) if value) or "image"


def _modality(header: Dataset) -> str:
    return str(header.get("Modality", "") or "")


def _captions(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {str(row["file"]): str(row["caption"]) for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactError(f'{path} is damaged ({error!r}): expected lines {{"file": .., "caption": ..}}') from None
