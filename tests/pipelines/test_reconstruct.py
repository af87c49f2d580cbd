"""Stage `reconstruct`: cases become questions (M12), nothing held out is seen (M14); `curate` may read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from medrwr.config import parse
from medrwr.curation.choosing import choose
from medrwr.errors import ArtefactError
from medrwr.records import read_records, write_records
from medrwr.sinks import NullSink
from medrwr.types import ImageCase, Quarantined, Question
from pipelines import reconstruct
from pipelines.paths import Paths
from pipelines.stage import StageContext
from tests.curation.test_cluster import ColourEncoder, archive
from tests.curation.test_curate import DISEASES, SIGNS, make_archive


@pytest.fixture
def context(tmp_path: Path) -> StageContext:
    """Six cases, the last of the held-out modality, and no item held back yet."""
    paths = Paths(tmp_path)
    make_archive(paths.clinic)
    cases = [
        ImageCase(
            f"c{n}", f"images/{n}.png", f"The scan shows a {sign}. Impression: {disease}.", "US" if n == 5 else "CT"
        )
        for n, (sign, disease) in enumerate(zip(SIGNS, DISEASES, strict=True))
    ]
    write_records(paths.archive / "cases.jsonl", cases)
    for split in ("calibration", "test"):
        write_records(paths.questions(split), [])
    params = parse({"clinic": {"held_out_modality": "US"}, "reconstruct": {"clusters": 0, "licence": "CC0"}})
    return StageContext(params, paths, NullSink())


def questions(context: StageContext) -> list[Question]:
    return read_records(context.paths.reconstructed / "questions.jsonl", Question)[0]


def test_m12_cases_become_questions_and_a_second_run_gives_the_same_bytes(context: StageContext) -> None:
    metrics = reconstruct.run(context).metrics
    assert metrics == {"questions": 5, "rejected": 0, "postponed": 0}
    assert {one.gold_text for one in questions(context)} == set(DISEASES[:5])  # the sixth is held out
    assert "| CC0 | 5 |" in (context.paths.reconstructed / "card.md").read_text()
    first = {file.name: file.read_bytes() for file in context.paths.reconstructed.iterdir()}
    reconstruct.run(context)
    assert {file.name: file.read_bytes() for file in context.paths.reconstructed.iterdir()} == first


def test_m14_what_a_test_item_shows_is_rejected_with_its_reason(context: StageContext) -> None:
    reconstruct.run(context)
    held = replace(questions(context)[2], question_id="held-out", text="Which treatment comes first here?")
    write_records(context.paths.questions("test"), [held])
    reconstruct.run(context)
    assert {one.fact_id for one in questions(context)} == {"c0", "c1", "c3", "c4"}
    (rejected,) = read_records(context.paths.reconstructed / "rejected.jsonl", Quarantined)[0]
    assert rejected.reason == "overlap: its image resembles test item held-out"


def test_no_question_at_all_stops_the_stage(context: StageContext) -> None:
    cases, _ = read_records(context.paths.archive / "cases.jsonl", ImageCase)
    write_records(
        context.paths.archive / "cases.jsonl", [replace(case, caption="Seen without any impression.") for case in cases]
    )
    with pytest.raises(ArtefactError, match="none of 5 image cases became a question: empty: the case says no"):
        reconstruct.run(context)


def test_m11_chosen_are_the_cases_near_as_many_centres_as_there_can_be(tmp_path: Path) -> None:
    cases = archive(tmp_path, 6)  # red, green, blue, red, green, blue
    chosen = choose(cases, tmp_path, ColourEncoder(), clusters=3, per_cluster=1, seed=0, features=tmp_path / "features")
    assert sorted(case.modality for case in chosen.cases) == ["CT", "MR", "US"]
    everything = choose(
        cases, tmp_path, ColourEncoder(), clusters=60, per_cluster=4, seed=0, features=tmp_path / "features"
    )
    assert everything.clusters == 6
    assert "6 cases in 6 clusters" in everything.page
