"""Published data sets in the place of the clinic's own (`datasets` in params.yaml), as the same records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from medrwr.config import CaseSetSettings, QuestionSetSettings
from medrwr.datasets import eced, medmcqa, medqa, pubmedvision
from medrwr.datasets.hub import locate
from medrwr.datasets.image_store import ImageStore
from medrwr.errors import ImageError
from medrwr.records import write_records
from medrwr.types import ImageCase, Quarantined, Question
from pipelines.stage import StageContext

QUESTION_SETS = {"medqa": (medqa.read_medqa, medqa.PATTERNS), "medmcqa": (medmcqa.read_medmcqa, medmcqa.PATTERNS)}
CASE_SETS = {
    "pubmedvision": (pubmedvision.read_pubmedvision, pubmedvision.PATTERNS),
    "eced": (eced.read_eced, eced.PATTERNS),
}


def take_in(context: StageContext) -> dict[str, int]:
    """Replace the text stage's questions, image cases and archive by the sets that are named; returns counts.

    What was left out is in data/clinic/quarantine.jsonl, with its reason.

    Raises:
        ArtefactError: a set is not to be had, or holds nothing usable.
    """
    settings = context.params.datasets
    counts: dict[str, int] = {}
    refused: list[Quarantined] = []
    if settings.rl_text:
        questions = [*_questions(context, settings.rl_text, refused)]
        counts["rl_text"] = write_records(context.paths.questions("rl_text"), questions)
    if settings.image_cases:
        cases = [*_cases(context, settings.image_cases, refused)]
        counts["cases"] = write_records(context.paths.cases, cases)
        counts["archive"] = write_records(context.paths.archive / "cases.jsonl", cases)
    if counts:
        counts["quarantined"] = write_records(context.paths.clinic / "quarantine.jsonl", refused)
    return counts


def _questions(
    context: StageContext, sets: Mapping[str, QuestionSetSettings], refused: list[Quarantined]
) -> Iterator[Question]:
    for named in sets.values():
        read, patterns = QUESTION_SETS[named.format]
        place = locate(named.path, root=context.paths.root, patterns=patterns, revision=named.revision)
        questions, bad = read(place, split=named.split)
        refused += bad
        yield from questions


def _cases(
    context: StageContext, sets: Mapping[str, CaseSetSettings], refused: list[Quarantined]
) -> Iterator[ImageCase]:
    """Cases with their images in data/clinic/images/<set>, which is where all images are looked for."""
    for name, named in sets.items():
        read, patterns = CASE_SETS[named.format]
        place = locate(named.path, root=context.paths.root, patterns=patterns, revision=named.revision)
        cases, bad = read(place)
        refused += bad
        store = ImageStore(place.parent if place.is_file() else place)
        for number, case in enumerate(cases):
            image = Path("images") / name / f"{number:06d}{PurePosixPath(case.image).suffix.lower()}"
            try:
                store.put(case.image, context.paths.clinic / image)
            except ImageError as error:
                refused.append(Quarantined(case.case_id, name, str(error)))
                continue
            yield replace(case, image=image.as_posix())
