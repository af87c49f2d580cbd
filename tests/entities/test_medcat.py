"""M17's entity sets: MedCAT over a dictionary of our own, without a download."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from medrwr.entities import MedcatRecogniser, SpacyRecogniser, read_terms
from medrwr.entities.cache import TextCache
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


def test_an_existing_model_pack(recogniser: MedcatRecogniser, tmp_path: Path) -> None:
    """Saved by MedCAT itself and opened again: its ids are the pack's own, in upper case."""
    pack = recogniser._cat.save_model_pack(str(tmp_path))
    opened = MedcatRecogniser.from_model_pack(Path(pack))
    assert opened.recognise(["Tarven disease responds to KEMOPRIL."]) == [frozenset({"TARVENOSIS", "KEMOPRIL"})]
    with pytest.raises(ArtefactError, match="no MedCAT model pack"):
        MedcatRecogniser.from_model_pack(tmp_path / "none")


def test_what_is_known_is_not_looked_for_again() -> None:
    asked: list[list[str]] = []

    def find(texts: Sequence[str]) -> list[frozenset[str]]:
        asked.append(list(texts))
        return [frozenset(text.split()) for text in texts]

    cache = TextCache(find, capacity=2)
    assert cache.look_up(["a b", "c", "a b"]) == [frozenset("ab"), frozenset("c"), frozenset("ab")]
    assert cache.look_up(["c"]) == [frozenset("c")]
    cache.look_up(["d"])  # the least recently asked, "a b", is forgotten
    cache.look_up(["c", "a b"])
    assert asked == [["a b", "c"], ["d"], ["a b"]]


class Words:
    """A stand-in for a spaCy pipeline where spaCy is not installed: its `pipe` gives documents with entities."""

    def __init__(self, concepts: dict[str, str], *, linked: bool) -> None:
        self.concepts, self.linked = concepts, linked

    def pipe(self, texts: Sequence[str], *, batch_size: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(ents=[self._entity(w) for w in text.split() if w in self.concepts]) for text in texts]

    def _entity(self, word: str) -> SimpleNamespace:
        extensions = SimpleNamespace(kb_ents=[(self.concepts[word], 0.9), ("C9", 0.5)])
        return SimpleNamespace(
            text=word, ent_id_="", kb_id_="", _=extensions, has_extension=lambda name: self.linked and name == "kb_ents"
        )


def test_scispacys_best_candidate_counts_or_the_words() -> None:
    texts = ["Kemopril for rings", "", "rings"]
    concepts = {"Kemopril": "C1", "rings": "C2"}
    linked = SpacyRecogniser(Words(concepts, linked=True)).recognise(texts)
    assert linked == [frozenset({"C1", "C2"}), frozenset(), frozenset({"C2"})]
    plain = SpacyRecogniser(Words(concepts, linked=False)).recognise(texts)
    assert plain == [frozenset({"kemopril", "rings"}), frozenset(), frozenset({"rings"})]


def test_a_missing_pipeline_is_named() -> None:
    with pytest.raises(ArtefactError, match="en_core_sci_lg"):
        SpacyRecogniser.open("en_core_sci_lg")
