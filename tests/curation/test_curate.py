"""`medrwr curate`: an archive becomes questions (M12), what is left out has its reason, a rerun calls nobody."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from medrwr.curation.alternatives import other_conclusions
from medrwr.curation.archive import read_archive
from medrwr.curation.extraction import item_of, record_of
from medrwr.curation.items import CaseRecord, DraftItem, reader
from medrwr.curation.rules import Draft, reason_against, telling_words
from medrwr.curation.words import content_words
from medrwr.errors import ArtefactError
from medrwr.records import read_records, write_records
from medrwr.types import Quarantined, Question
from pipelines.cli.curate import CARD, POSTPONED, QUESTIONS, REJECTED, Request, curate
from tests.curation.faulty import faulty_endpoint

SIGNS = ("granular ring", "striated band", "lucent crescent", "shaded wedge", "mottled disc", "nodular streak")
DISEASES = ("darvencele", "felmorlysis", "crenalopathy", "aktenosis", "umbraemia", "tarvenosis")


def make_archive(root: Path) -> tuple[Path, Path]:
    """Six good cases, one without a conclusion, one broken image, one near-duplicate, one lost, one outside."""
    images = root / "images"
    images.mkdir(parents=True)
    rows = ["id,image,caption,modality"]
    for number, (sign, disease) in enumerate(zip(SIGNS, DISEASES, strict=True)):
        pixels = np.random.default_rng(number).integers(0, 255, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).resize((96, 96)).save(images / f"{number}.png")
        rows.append(
            f"c{number},{number}.png,The radiograph shows a {sign} in field {number}. Impression: {disease}.,XR"
        )
    Image.fromarray(np.random.default_rng(99).integers(0, 255, (64, 64), dtype=np.uint8)).save(images / "mute.png")
    Image.open(images / "0.png").resize((80, 80)).save(images / "twin.jpg", quality=80)
    (images / "broken.png").write_bytes((images / "1.png").read_bytes()[:60])
    rows += [
        "mute,mute.png,The radiograph shows a large round opacity of the lung.,XR",
        "twin,twin.jpg,The radiograph shows a granular ring again. Impression: darvencele once more.,XR",
        "broken,broken.png,The radiograph shows a broken striated band. Impression: felmorlysis again.,XR",
        "lost,lost.png,The radiograph shows a lost lucent crescent. Impression: crenalopathy again.,XR",
        "outside,../../secret.png,The radiograph shows a secret granular ring. Impression: darvencele again.,XR",
        "short,0.png,X-ray.,XR",
    ]
    table = root / "captions.csv"
    table.write_text("\n".join(rows) + "\n")
    return images, table


def run(request: Request) -> str:
    stream = io.StringIO()
    curate(request, Console(file=stream, width=160, color_system=None))
    return stream.getvalue()


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    images, table = make_archive(tmp_path)
    return Request(images, table, tmp_path / "out", licence="CC BY 4.0")


def test_m12_an_archive_becomes_questions_and_each_case_left_out_has_its_reason(request_: Request) -> None:
    said = run(request_)
    questions, bad = read_records(request_.out / QUESTIONS, Question)
    assert not bad
    assert "6 questions" in said
    assert {question.gold_text for question in questions} == set(DISEASES)
    for question, sign in zip(questions, SIGNS, strict=True):
        assert not set(content_words(sign)) & set(content_words(question.text))
        assert sign in question.explanation
        assert len(question.options) == 4
        assert (request_.images / question.images[0]).is_file()
    assert len({question.gold_letter for question in questions}) > 1
    rejected = {one.record_id: one.reason for one in read_records(request_.out / REJECTED, Quarantined)[0]}
    assert rejected["mute"].startswith("empty: the case says no conclusion")
    assert "resembles that of c0" in rejected["twin"]
    assert "broken" in rejected["broken"]
    assert "does not exist" in rejected["lost"]
    assert "outside" in next(reason for name, reason in rejected.items() if "outside" in reason)
    assert any("fewer than 4" in reason for reason in rejected.values())
    card = (request_.out / CARD).read_text()
    assert "licence: CC BY 4.0" in card
    assert "| XR | 6 |" in card
    assert "| archive | 6 |" in card  # no column names another source
    assert "| CC BY 4.0 | 6 |" in card
    assert "| not stated | 6 |" in card  # captions that name no part of the body


def test_the_card_counts_sources_licences_and_body_parts_of_what_is_kept(request_: Request) -> None:
    rows = request_.captions.read_text().splitlines()[:7]
    told = [f"{rows[0]},source,licence", *(f"{row},PACS,CC0" for row in rows[1:3]), *(f"{row},," for row in rows[3:])]
    request_.captions.write_text("\n".join(told).replace("field", "lung field"))
    run(request_)
    card = (request_.out / CARD).read_text()
    for line in ("| PACS | 2 |", "| archive | 4 |", "| CC0 | 2 |", "| CC BY 4.0 | 4 |", "| chest | 6 |"):
        assert line in card


def test_a_second_run_gives_the_same_bytes_and_calls_nobody(request_: Request) -> None:
    with faulty_endpoint("503") as endpoint:
        named = replace(request_, endpoint=endpoint.url, model="m")
        run(named)
        first, calls = (
            {path.name: path.read_bytes() for path in request_.out.glob("*.[jm]*")},
            endpoint.answered.total(),
        )
        run(named)
        assert endpoint.answered.total() == calls > 0
    run(named)  # the endpoint is gone: everything is known
    assert {path.name: path.read_bytes() for path in request_.out.glob("*.[jm]*")} == first
    assert (request_.out / POSTPONED).read_text() == ""


def test_what_an_endpoint_failed_on_is_left_for_a_later_run(request_: Request) -> None:
    with faulty_endpoint(*["401"] * 9) as endpoint:
        said = run(replace(request_, endpoint=endpoint.url, model="m"))
    assert "0 questions" in said
    assert "check key, address and model" in said
    assert len(read_records(request_.out / POSTPONED, Quarantined)[0]) == 7
    assert len(run(request_).split("6 questions")) == 2  # offline, in the same folder


def test_m14_a_question_that_a_benchmark_holds_is_left_out(request_: Request, tmp_path: Path) -> None:
    run(request_)
    questions, _ = read_records(request_.out / QUESTIONS, Question)
    write_records(request_.images / "benchmark.jsonl", [replace(questions[2], question_id="held-out")])
    said = run(replace(request_, benchmarks=(request_.images / "benchmark.jsonl",)))
    assert "5 questions" in said
    reasons = [one.reason for one in read_records(request_.out / REJECTED, Quarantined)[0]]
    assert any("benchmark.jsonl held-out" in reason for reason in reasons)


def test_a_dry_run_only_says_what_it_would_cost(request_: Request) -> None:
    said = run(replace(request_, dry_run=True, completion_price=10.0))
    assert "7 cases" in said
    assert "about 14 calls" in said
    assert not (request_.out / QUESTIONS).exists()


def test_a_table_without_captions_stops_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "captions.csv").write_text("picture;words\na.png;b\n")
    with pytest.raises(ArtefactError, match="expected `image` and `caption`"):
        read_archive(tmp_path, tmp_path / "captions.csv", source="s")
    with pytest.raises(ArtefactError, match="correct --captions"):
        read_archive(tmp_path, tmp_path / "none.csv", source="s")


def test_m12_a_reports_section_is_asked_for_by_its_name() -> None:
    said = (("disc", "cyst", "First treatment: rest"), ("ring", "node", "Complication: bleeding"))
    said += (("wedge", "mass", "First treatment: iodine"), ("cross", "scar", "First treatment: calcium"))
    captions = [f"The scan shows a lucent {sign}. Impression: {name}. {section}." for sign, name, section in said]
    records = [record_of(caption) for caption in captions]
    assert records[0] == {
        "clinical_information": "",
        "observation": "The scan shows a lucent disc.",
        "analysis": "The scan shows a lucent disc. This points to cyst. First treatment: rest.",
        "conclusion": "First treatment: rest",
    }
    made = item_of({**records[0], "other_conclusions": [record["conclusion"] for record in records[1:]]})
    assert made["question"] == "What is the first treatment of the finding in this image?"
    assert sorted(made["options"]) == ["calcium", "iodine", "rest"]
    item, record = reader(DraftItem)(json.dumps(made)), reader(CaseRecord)(json.dumps(records[0]))
    assert reason_against(Draft(captions[0], record, item, telling_words(captions))) == ""


def test_real_captions_give_items_that_say_nothing_of_their_own(medical_data: Path) -> None:
    lines = (medical_data / "captions/roco-ccby/captions.txt").read_text(encoding="utf-8").splitlines()
    captions = [line.split("\t", 1)[1].strip() for line in lines if "\t" in line]
    telling = telling_words(captions)
    records = [record_of(caption) for caption in captions]
    others = [record["conclusion"] for record in records if record["conclusion"]][:12]
    reasons: Counter[str] = Counter()
    for caption, values in zip(captions, records, strict=True):
        record = reader(CaseRecord)(json.dumps(values))
        item = reader(DraftItem)(json.dumps(item_of({**values, "other_conclusions": others})))
        reasons[reason_against(Draft(caption, record, item, telling)).split(":")[0]] += 1
    assert sum(reasons.values()) == 3388
    assert reasons["invented"] == reasons["language"] == 0
    assert reasons[""] > 100  # those whose caption says a conclusion


def test_m12_the_first_other_conclusions_are_of_cases_that_look_alike_and_of_the_same_section() -> None:
    """Words in common with 'a lucent disc': 'a lucent ring' 1 of 3, 'a lucent wedge' 1 of 3, 'a solid cross' none."""
    said = {"a": ("lucent disc", "rest"), "b": ("solid cross", "iron"), "c": ("lucent ring", "zinc")}
    said |= {"d": ("lucent wedge", "salt"), "e": ("solid band", "rest")}
    records = {name: CaseRecord("", f"{seen}.", "-", f"First treatment: {drug}") for name, (seen, drug) in said.items()}
    records["f"] = CaseRecord("", "lucent disc.", "-", "Complication: bleeding")
    drawn = other_conclusions(records, seed=3)
    assert set(drawn["a"][:2]) == {"First treatment: zinc", "First treatment: salt"}
    assert drawn["a"][2:] == ("First treatment: iron",)  # neither its own, which e has too, nor a complication
    assert len(drawn["f"]) == 4  # the only one of its section: all others serve
    assert drawn == other_conclusions(records, seed=3)
