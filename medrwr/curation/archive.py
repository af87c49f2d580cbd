"""A folder of images and a table of captions -> image cases, near-duplicate images left out (M11)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from medrwr.curation.words import content_words
from medrwr.datasets.overlap import IMAGE_SIMILARITY
from medrwr.datasets.perceptual import Fingerprint, fingerprint_of, similar_images
from medrwr.datasets.rows import Row, read_rows, sort_out, text_of
from medrwr.errors import ArtefactError, RecordError
from medrwr.retrieval.images import open_image
from medrwr.types import ImageCase, Quarantined

_TABLES = {".csv": ",", ".tsv": "\t"}
_IMAGE, _CAPTION, _ID = ("image", "file", "filename", "image_name"), ("caption", "text", "report", "findings"), ("id",)
_LICENCE = ("licence", "license")
_LEAST_WORDS = 4
Progress = Callable[[int, int, str], None]


def read_archive(
    images: Path, captions: Path, *, source: str, progress: Progress | None = None
) -> tuple[list[ImageCase], list[Quarantined]]:
    """Cases with a readable image and a caption of some words; the others with their reasons.

    `captions` is a CSV or TSV table with a header, JSON lines, a JSON array or parquet, with the columns `image` (a
    path below `images`) and `caption`, and if there are such, `id`, `modality` and `source` (else the given one).

    Raises:
        ArtefactError: a path is missing, or no row is usable.
    """
    if not images.is_dir():
        raise ArtefactError(f"image folder {images} does not exist: correct --images")
    if not captions.is_file():
        raise ArtefactError(f"caption table {captions} does not exist: correct --captions")

    def make(row: Row, values: Mapping[str, Any]) -> Mapping[str, ImageCase]:
        case = _case(row, values, images, source)
        return {case.case_id: case}

    cases, refused = sort_out(_rows(captions), source, make)
    return distinct_cases(cases, images, refused, progress)


def read_licences(captions: Path) -> dict[str, str]:
    """By image, what the table's column `licence` (or `license`) says; empty without the column."""
    rows = (row.values for row in _rows(captions) if row.values is not None)
    return {_first(values, _IMAGE): told for values in rows if (told := _first(values, _LICENCE))}


def _rows(captions: Path) -> Iterable[Row]:
    separator = _TABLES.get(captions.suffix.lower())
    if separator is None:
        yield from read_rows([captions])
        return
    with captions.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        for number, values in enumerate(csv.DictReader(stream, delimiter=separator), start=1):
            yield Row(f"{captions.name}:{number}", values)


def _case(row: Row, values: Mapping[str, Any], images: Path, source: str) -> ImageCase:
    image, caption = _first(values, _IMAGE), " ".join(_first(values, _CAPTION).split())
    if not image or not caption:
        raise RecordError(f"{row.place} has the columns {', '.join(map(str, values))}, expected `image` and `caption`")
    if not (images / image).resolve().is_relative_to(images.resolve()):
        raise RecordError(f"{row.place} names image {image!r}, which lies outside of the folder")
    if len(content_words(caption)) < _LEAST_WORDS:
        raise RecordError(f"{row.place} has a caption of fewer than {_LEAST_WORDS} telling words: {caption[:60]!r}")
    return ImageCase(
        _first(values, _ID) or Path(image).with_suffix("").as_posix(),
        image,
        caption,
        text_of(values, "modality"),
        text_of(values, "source") or source,
    )


def _first(values: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((text for name in names if (text := text_of(values, name))), "")


def distinct_cases(
    cases: list[ImageCase], images: Path, refused: list[Quarantined], progress: Progress | None = None
) -> tuple[list[ImageCase], list[Quarantined]]:
    """The cases whose image can be read and resembles no earlier one's; the others are added to `refused`."""
    readable: list[ImageCase] = []
    marks: list[Fingerprint] = []
    for number, case in enumerate(cases, start=1):
        try:
            marks.append(fingerprint_of(open_image(images / case.image)))
            readable.append(case)
        except RecordError as error:
            refused.append(Quarantined(case.case_id, case.source, str(error)))
        if progress is not None:
            progress(number, len(cases), "images")
    twins: dict[int, int] = {}
    for pair in similar_images(marks, marks, at_least=IMAGE_SIMILARITY):
        first, second = sorted((pair.first, pair.second))
        if first != second and first not in twins:
            twins.setdefault(second, first)
    refused += [
        Quarantined(
            readable[twin].case_id, readable[twin].source, f"image: resembles that of {readable[first].case_id}"
        )
        for twin, first in sorted(twins.items())
    ]
    return [case for number, case in enumerate(readable) if number not in twins], refused
