"""M17's entity sets: MedCAT over a dictionary of our own, without a download."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.entities import MedcatRecogniser, read_terms
from medrwr.errors import ArtefactError
from medrwr.knowledge_base import Term
from medrwr.records import write_records

TERMS = [
    Term("tarvenosis", "tarvenosis"),
    Term("tarvenosis", "tarven disease"),
    Term("kemopril", "kemopril"),
    Term("granular-apical-ring", "granular apical ring"),
    Term("granular-apical-ring-on-echocardiography", "granular apical ring on echocardiography"),
]


@pytest.fixture(scope="module")
def recogniser() -> MedcatRecogniser:
    return MedcatRecogniser.from_terms(TERMS)


def test_m17_synonyms_are_one_concept_and_case_does_not_matter(recogniser: MedcatRecogniser) -> None:
    found = recogniser.recognise(["Tarven disease responds to KEMOPRIL.", "tarvenosis", "nothing here"])
    assert found == [frozenset({"tarvenosis", "kemopril"}), frozenset({"tarvenosis"}), frozenset()]


def test_m17_the_longest_name_counts(recogniser: MedcatRecogniser) -> None:
    texts = ["granular apical ring on echocardiography, first treatment", "a granular apical ring"]
    assert recogniser.recognise(texts) == [
        frozenset({"granular-apical-ring-on-echocardiography"}),
        frozenset({"granular-apical-ring"}),
    ]


def test_m17_blank_and_repeated_texts(recogniser: MedcatRecogniser) -> None:
    assert (
        recogniser.recognise(["", "  \n", "kemopril", "kemopril"])
        == [frozenset(), frozenset()] + [frozenset({"kemopril"})] * 2
    )
    assert recogniser.recognise([]) == []


def test_an_empty_dictionary_is_an_error() -> None:
    with pytest.raises(ArtefactError, match="is empty"):
        MedcatRecogniser.from_terms([])


def test_dictionaries_of_several_sources_are_joined(tmp_path: Path) -> None:
    write_records(tmp_path / "a/terms.jsonl", TERMS[:3])
    write_records(tmp_path / "b/terms.jsonl", TERMS[2:])
    assert read_terms([tmp_path / "a/terms.jsonl", tmp_path / "b/terms.jsonl"]) == sorted(TERMS)
    (tmp_path / "b/terms.jsonl").write_text('{"concept": "x"}\n')
    with pytest.raises(ArtefactError, match=r"damaged.*name"):
        read_terms([tmp_path / "b/terms.jsonl"])
    with pytest.raises(ArtefactError, match="does not exist"):
        read_terms([tmp_path / "c/terms.jsonl"])
