"""Published image cases (`datasets.image_cases`) are looked up as similar cases, and are the archive too (M10, M12)."""

from __future__ import annotations

from pathlib import Path

from medrwr.config import parse
from medrwr.records import read_records, write_records
from medrwr.sinks import NullSink
from medrwr.types import ImageCase, Quarantined, Question
from pipelines import reconstruct
from pipelines.paths import Paths
from pipelines.published import take_in
from pipelines.stage import StageContext
from tests.curation.test_curate import DISEASES, SIGNS, make_archive
from tests.datasets.native import ECED, write_array


def test_m12_published_cases_are_the_archive_that_becomes_questions(tmp_path: Path) -> None:
    cases = [
        ECED | {"id": str(n), "images": [f"images/{n}.png"], "caption": f"It shows a {sign}. Impression: {disease}."}
        for n, (sign, disease) in enumerate(zip(SIGNS, DISEASES, strict=True))
    ]
    make_archive(tmp_path)  # its first six images are noise, of which no two are alike
    write_array(tmp_path / "eced.json", [*cases, ECED | {"id": "none", "images": []}])
    settings = {
        "clinic": {"held_out_modality": "US"},  # ECED's own stays unseen in training where it is the held-out one
        "datasets": {"image_cases": {"own": {"format": "eced", "path": "."}}},
        "reconstruct": {"clusters": 0, "licence": "CC0"},
    }
    context = StageContext(parse(settings), Paths(tmp_path), NullSink())
    for split in ("calibration", "test"):
        write_records(context.paths.questions(split), [])

    assert take_in(context) == {"cases": 6, "archive": 6, "quarantined": 1}
    (refused,) = read_records(context.paths.clinic / "quarantine.jsonl", Quarantined)[0]
    assert "has no `images`" in refused.reason
    looked_up, _ = read_records(context.paths.cases, ImageCase)
    assert all((context.paths.clinic / case.image).is_file() for case in looked_up)

    reconstruct.run(context)
    questions, _ = read_records(context.paths.reconstructed / "questions.jsonl", Question)
    assert {one.gold_text for one in questions} == set(DISEASES)
    assert {image for one in questions for image in one.images} == {case.image for case in looked_up}
