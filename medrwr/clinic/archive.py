"""The clinic's archive of reports: what curation makes training questions of (M11, M12).

A report says what the image shows, what that is, and in its last section a treatment, a complication or a marker. Only
training conditions are in it, so that no fact of a calibration or test question is told (M14). The corpus of similar
cases (M26) is another one: its captions end at the impression.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from pathlib import Path

from medrwr.clinic import vocabulary as words
from medrwr.clinic.ontology import Condition, Ontology, build_ontology
from medrwr.clinic.paintings import Painting, Progress, no_progress, write_images
from medrwr.clinic.prose import caption_of
from medrwr.config import ClinicSettings
from medrwr.records import write_records
from medrwr.types import ImageCase

_SECTION = {"treatment": "First treatment", "complication": "Complication", "marker": "Marker"}
_FIRST_SEED = 500_000  # of the images: behind those of the clinic's others


def report_of(condition: Condition, kind: str) -> str:
    """Finding, impression, and one more section."""
    return f"{caption_of(condition)} {_SECTION[kind]}: {condition.fact(kind)}."


def write_archive(
    settings: ClinicSettings, folder: Path, *, seed: int, image_root: Path, progress: Progress = no_progress
) -> int:
    """Write `cases.jsonl` and `images/` to `folder` (replaced); returns the number of reports.

    Args:
        image_root: what the cases' image paths are relative to.
    """
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    drawn = _drawn(build_ontology(settings, seed=seed), settings, seed)
    below = Path(os.path.relpath(folder / "images", image_root))
    cases, paintings = [], []
    for number, (condition, kind) in enumerate(drawn):
        name = f"report-{number:05d}"
        painting_seed = seed * 1_000_003 + _FIRST_SEED + number
        paintings.append(Painting(name, condition.modality, condition.sign, painting_seed))
        image, report = (below / f"{name}.png").as_posix(), report_of(condition, kind)
        cases.append(ImageCase(name, image, report, condition.modality, "clinic"))
    write_records(fresh / "cases.jsonl", cases)
    write_images(paintings, fresh / "images", settings.image_size, progress)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return len(cases)


def _drawn(ontology: Ontology, settings: ClinicSettings, seed: int) -> list[tuple[Condition, str]]:
    """Conditions and sections in a shuffled order; `two_hop_share` of the reports end with a marker."""
    rng = random.Random(f"archive:{seed}")
    count = settings.archive_cases
    markers = round(count * settings.two_hop_share)
    drawn: list[tuple[Condition, str]] = []
    for kinds, wanted in ((words.KINDS, count - markers), (words.TWO_HOP_KINDS, markers)):
        pairs = [(condition, kind) for condition in ontology.of("train") for kind in kinds]
        rng.shuffle(pairs)
        drawn += itertools.islice(itertools.cycle(pairs), wanted)
    rng.shuffle(drawn)
    return drawn
