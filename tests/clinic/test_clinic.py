"""The simulated clinic: one world from one seed, facts kept apart, images that differ where they should."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from medrwr.clinic import vocabulary as words
from medrwr.clinic.build import ClinicWriter, build_clinic
from medrwr.clinic.ontology import Sign, build_ontology
from medrwr.clinic.prose import condition_documents
from medrwr.clinic.rendering import render
from medrwr.config import ClinicSettings
from medrwr.errors import ConfigError
from medrwr.records import read_records
from medrwr.types import Demonstration, ImageCase, Question

SMALL = ClinicSettings(
    conditions_per_modality=8,
    held_out_conditions=16,
    sft_questions=8,
    sft_findings=4,
    rl_text_questions=8,
    rl_image_questions=8,
    calibration_questions=8,
    test_questions=16,
    two_hop_test_questions=8,
    image_cases=8,
    archive_cases=16,
    encoder_pairs=8,
)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_same_seed_same_bytes_and_another_seed_other_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        build_clinic(SMALL, tmp_path / name, seed=seed)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    assert _bytes(tmp_path / "a") != _bytes(tmp_path / "c")


def test_every_record_reads_back_and_names_an_image_that_exists(tmp_path: Path) -> None:
    build_clinic(SMALL, tmp_path / "clinic", seed=1)
    for split in ("rl_text", "rl_image", "calibration", "test"):
        questions, bad = read_records(tmp_path / "clinic/questions" / f"{split}.jsonl", Question)
        assert questions
        assert not bad
        assert all((tmp_path / "clinic" / image).is_file() for q in questions for image in q.images)
        assert all(q.split == split and q.fact_id and q.explanation for q in questions)
    for name, kind in (("demonstrations", Demonstration), ("cases", ImageCase), ("encoder_pairs", ImageCase)):
        assert not read_records(tmp_path / "clinic" / f"{name}.jsonl", kind)[1]


def test_m14_facts_of_training_calibration_and_test_are_apart() -> None:
    writer = ClinicWriter(ClinicSettings(), seed=7)
    train = {d.question.fact_id for d in writer.demonstrations()}
    train |= {q.fact_id for q in writer.training("rl_image", 600, with_image=True)}
    calibration = {c.fact_id(k) for c in writer.ontology.of("calibration") for k in words.ALL_KINDS}
    test = writer.test()
    assert not train & calibration
    assert not {q.fact_id for q in test} & (train | calibration)
    assert not any(
        c.modality == "echocardiography" for role in ("train", "calibration") for c in writer.ontology.of(role)
    )
    assert Counter((q.modality == "echocardiography", bool(q.images)) for q in test if q.hops == 1) == {
        (held_out, with_image): 400 for held_out in (False, True) for with_image in (False, True)
    }
    two_hops = Counter((q.modality, bool(q.images)) for q in test if q.hops == 2)
    assert two_hops == {("echocardiography", False): 200, ("echocardiography", True): 200}
    assert len({q.fact_id for q in test if q.modality == "echocardiography"}) >= 200


def test_a_caption_is_a_finding_and_an_impression_never_the_record() -> None:
    facts = {fact for pool in words.FACTS.values() for fact in pool}
    for case in ClinicWriter(ClinicSettings(), seed=7).cases():
        assert not facts & set(case.caption.replace(".", "").split())
        assert "Impression:" in case.caption


def test_an_image_question_names_neither_sign_nor_modality() -> None:
    hints = {*words.TEXTURES, *words.LOCATIONS, *words.SHAPES, *words.MODALITIES, *words.EXAMINATION.values()}
    for question in ClinicWriter(ClinicSettings(), seed=7).test():
        if question.images:
            assert not hints & set(question.text.lower().replace("?", "").replace(".", "").split())


def test_documents_state_each_fact_once_in_passages_of_40_to_60_words() -> None:
    ontology = build_ontology(ClinicSettings(), seed=7)
    lengths = []
    for condition in ontology.conditions:
        page, note = condition_documents(condition, seed=7)
        text = " ".join(section.text for section in (*page.sections, *note.sections))
        for kind in words.ALL_KINDS:
            assert text.count(condition.fact(kind)) == 1
        lengths += [len(section.text.split()) for section in (*page.sections, *note.sections)]
    assert 40 <= np.mean(lengths) <= 60


@pytest.mark.parametrize("modality", words.MODALITIES)
def test_a_sign_is_where_and_what_it_says(modality: str) -> None:
    """The apical centre is at (0, -0.58) of [-1, 1]: column 56, row 23 of 112; solid is bright there, lucent dark."""
    patch = (slice(17, 29), slice(50, 62))
    solid, lucent = (render(modality, Sign(t, "apical", "disc"), seed=3) for t in ("solid", "lucent"))
    elsewhere = render(modality, Sign("solid", "basal", "disc"), seed=3)
    assert solid.shape == (112, 112)
    assert solid[patch].mean() > 190 > 60 > lucent[patch].mean()
    assert solid[patch].mean() > elsewhere[patch].mean() + 25


def test_too_many_conditions_stop_before_any_work() -> None:
    with pytest.raises(ConfigError, match=r"217 in one modality: at most .* 216 signs"):
        build_ontology(ClinicSettings(held_out_conditions=217), seed=1)
    with pytest.raises(ConfigError, match="held_out_modality = 'xray'"):
        build_ontology(ClinicSettings(held_out_modality="xray"), seed=1)


def test_m3_a_marker_takes_two_hops_its_note_knows_the_disease_and_no_sign() -> None:
    for condition in build_ontology(ClinicSettings(), seed=7).conditions:
        page, note = condition_documents(condition, seed=7)
        first, second = (" ".join(section.text for section in part.sections).lower() for part in (page, note))
        assert condition.phrase in first
        assert condition.name in first
        assert condition.marker not in first
        assert condition.name in second
        assert not {*words.TEXTURES, *words.LOCATIONS, *words.MODALITIES} & set(second.replace(".", "").split())


def test_m24_literal_demonstrations_ask_what_the_question_says_experts_for_what_is_seen() -> None:
    writer = ClinicWriter(ClinicSettings(), seed=7)
    conditions = {c.fact_id(kind): c for c in writer.ontology.conditions for kind in words.ALL_KINDS}
    asked = [d for d in writer.demonstrations() if d.steps]
    literal = [d for d in asked if d.steps[0].query in d.question.text]
    expert = [d for d in asked if d.steps[0].query not in d.question.text and d.steps[0].taught]
    on_image = [bool(d.question.images) for d in expert]
    half, settings = writer.settings.sft_questions // 2, writer.settings
    assert (len(expert) - sum(on_image)) / half == pytest.approx(settings.sft_expert_share, abs=0.1)  # 4 deviations
    assert sum(on_image) / half == pytest.approx(settings.sft_image_expert_share, abs=0.07)
    assert all(len(d.steps) == 1 for d in literal)
    for demonstration in literal:
        sign = str(conditions[demonstration.question.fact_id].sign)
        assert (sign in demonstration.steps[0].think) == bool(demonstration.question.images)
    for demonstration in expert:
        condition = conditions[demonstration.question.fact_id]
        assert condition.phrase in demonstration.steps[0].query
        assert len(demonstration.steps) == demonstration.question.hops
        if demonstration.question.hops == 2:
            assert condition.name in demonstration.steps[1].query
            assert demonstration.steps[1].relies_on == condition.name


def test_m26_second_looks_show_a_case_of_what_the_image_shows_and_ask_for_it() -> None:
    writer = ClinicWriter(ClinicSettings(sft_second_looks=40), seed=7)
    conditions = {c.fact_id(kind): c for c in writer.ontology.conditions for kind in words.ALL_KINDS}
    made = [d for d in writer.demonstrations() if any(step.case for step in d.steps)]
    assert len(made) > 30
    for demonstration in made:
        condition = conditions[demonstration.question.fact_id]
        wrong, shown, right = demonstration.steps
        assert [step.taught for step in demonstration.steps] == [False, False, True]
        assert shown.case is not None
        assert f"shows a {condition.sign}. Impression: {condition.name}." in shown.case.caption
        assert condition.phrase in right.query
        assert condition.phrase not in wrong.query
    assert len({case.case_id for case in writer.cases()}) == writer.settings.image_cases
    assert len({p.name for p in writer.paintings}) == len(writer.paintings)


def test_m24_misread_demonstrations_find_a_training_fact_that_is_no_option_and_answer_with_an_option() -> None:
    writer = ClinicWriter(ClinicSettings(), seed=7)
    conditions = {c.fact_id(kind): c for c in writer.ontology.conditions for kind in words.ALL_KINDS}
    known = {c.phrase: c for c in writer.ontology.of("train")}
    misread = [d for d in writer.demonstrations() if d.steps and not d.steps[0].taught]
    assert 0.15 < len(misread) / (writer.settings.sft_questions // 2) < 0.35  # 0.3, less what is an option
    for demonstration in misread:
        question = demonstration.question
        shown, taken = conditions[question.fact_id], known[demonstration.steps[0].query.split(", ")[0]]
        assert question.images
        assert taken.modality == shown.modality
        assert taken.sign != shown.sign
        assert demonstration.relies_on == taken.fact(question.kind)
        assert demonstration.relies_on not in question.options
        assert not any(step.taught for step in demonstration.steps)
