"""MedMCQA's explanations and Hannover's radiographs by a recorded provider: a second run calls nobody.

The first run records the offline model's replies; the second has the record alone, and no endpoint that it could call.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from medrwr.curation.archive import read_archive
from medrwr.curation.endpoint import Asker, ChatClient, EndpointSettings, ReplyCache
from medrwr.curation.explanations import explain
from medrwr.curation.offline import OFFLINE_MODEL, offline_endpoint
from medrwr.curation.reconstruct import reconstruct
from medrwr.datasets.medmcqa import read_medmcqa
from medrwr.records import to_line

Made = tuple[int, list[str]]  # how many cases, and every line that was made or left out
_VALUES = ("crp", "d-dimer", "ldh", "lymphocytes", "neutrophils", "pco2", "po2")


def recorded(root: Path, data: Path, *, small: bool) -> dict[str, float]:
    """Cases and radiographs read, calls of the second runs, and whether they gave the same lines (1) or not (0)."""
    most = 100 if small else None
    images = data / "image-cases/hannover-covid-cxr"
    table = root / "captions.csv"
    count = write_captions(images / "data.subset.csv", images / "png", table)
    radiographs, _ = read_archive(images / "png", table, source="hannover")
    questions, _ = read_medmcqa(data / "mcq/mirage/medmcqa/dev.first3183.json", split="dev")
    told = [question for question in questions if question.explanation.strip()][:most]

    def explained(asker: Asker) -> Made:
        found = explain(told, asker, source="medmcqa", licence="MIT")
        return len(told), [to_line(one) for one in (*found.documents, *found.filtered, *found.postponed)]

    def reconstructed(asker: Asker) -> Made:
        found = reconstruct(radiographs, images / "png", asker, seed=7, attach=False)
        return count, [to_line(one) for one in (*found.questions, *found.rejected, *found.postponed)]

    return _twice("explanations", explained, root) | _twice("radiographs", reconstructed, root)


def write_captions(source: Path, images: Path, table: Path) -> int:
    """A caption for each radiograph that lies there, of what its row says; returns how many."""
    with source.open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if (images / f"{row['image_id']}.png").is_file()]
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "image", "caption", "modality"])
        writer.writerows([row["image_id"], f"{row['image_id']}.png", caption_of(row), row["modality"]] for row in rows)
    return len(rows)


def caption_of(row: dict[str, str]) -> str:
    """What a row of the table says, in sentences."""
    sex = {"f": "woman", "m": "man"}.get(row["sex"], "patient")
    values = ", ".join(f"{name} {row[f'{name}_val']}" for name in _VALUES if row.get(f"{name}_val"))
    course = "intensive care" if row["icu_admission_offset"] else "the ward"
    blood = f" Laboratory values: {values}." if values else ""
    return (
        f"A {sex} was admitted with COVID-19.{blood} The chest radiograph has a {row['projection']} projection. "
        f"Conclusion: treated in {course}."
    )


def _twice(name: str, make: Callable[[Asker], Made], root: Path) -> dict[str, float]:
    cache = ReplyCache(root / f"{name}.sqlite")
    with offline_endpoint() as url:
        first = make(Asker(OFFLINE_MODEL, cache, ChatClient(EndpointSettings(url, OFFLINE_MODEL))))
    alone = Asker(OFFLINE_MODEL, cache)
    second = make(alone)
    cache.close()
    return {
        f"recorded_{name}": float(first[0]),
        f"recorded_{name}_lines": float(len(first[1])),
        f"recorded_{name}_second_calls": float(alone.usage.calls),
        f"recorded_{name}_same_bytes": float(first == second),
    }
