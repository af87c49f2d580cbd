"""MedQuAD's XML, with small documents of our own and with the real collection."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.config import KnowledgeBaseSettings
from medrwr.errors import DocumentError
from medrwr.knowledge_base import build_knowledge_base, medquad

PAIR = '<QAPair pid="1"><Question qid="1">{question}</Question><Answer>{answer}</Answer></QAPair>'
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Document id="0000001" source="GHR" url="https://example.org/aas">
<Focus>Aarskog-Scott syndrome</Focus>
<FocusAnnotations><Synonyms><Synonym>AAS</Synonym><Synonym>Aarskog syndrome</Synonym></Synonyms></FocusAnnotations>
<QAPairs>{pairs}</QAPairs></Document>
"""


def document(*pairs: tuple[str, str]) -> str:
    return DOCUMENT.format(pairs="".join(PAIR.format(question=question, answer=answer) for question, answer in pairs))


def test_each_answered_pair_is_a_section_and_focus_with_synonyms_is_one_concept() -> None:
    text = document(("What is it ?", "A disorder.\n    - Short  stature.   - Hypertelorism."), ("Who ?", ""))
    parsed = medquad.read(text, document_id="3_GHR_QA/0000001", source="medquad")
    assert parsed.title == "Aarskog-Scott syndrome"
    assert [(section.heading, section.text) for section in parsed.sections] == [
        ("What is it ?", "A disorder.\nShort stature.\nHypertelorism.")
    ]
    assert parsed.terms == (("Aarskog-Scott syndrome", "AAS", "Aarskog syndrome"),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (document(("What ?", ""), ("Who ?", " ")), "no answer: 2 questions"),
        (document(("What ?", "A disorder."))[:-40], "truncated XML"),
        (document(("What ?", "A disorder.")).replace("Aarskog-Scott syndrome", ""), "no <Focus>"),
        (
            '<!DOCTYPE a [<!ENTITY x "y">]>' + document(("What ?", "&x;")).split("?>", 1)[1],
            "entities, which are refused",
        ),
    ],
)
def test_broken_documents_are_named_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        medquad.read(text, document_id="1", source="medquad")


def test_real_collection_is_read_and_withdrawn_answers_are_quarantined(tmp_path: Path, medical_data: Path) -> None:
    """CDC has 59 files; all 99 herb documents lost their answers to copyright (SOURCE.txt)."""
    for collection in ("9_CDC_QA", "12_MPlusHerbsSupplements_QA"):
        (tmp_path / collection).symlink_to(medical_data / "text/medquad" / collection)
    settings = KnowledgeBaseSettings(chunk_words=50)
    cdc = build_knowledge_base(tmp_path / "9_CDC_QA", source="medquad", settings=settings)
    assert cdc.documents + len(cdc.quarantined) == 59
    assert cdc.documents == 56
    assert {reason for entry in cdc.quarantined for reason in ("Focus", "no answer") if reason in entry.reason}
    assert all(len(passage.text.split()) >= 50 for passage in cdc.passages if passage.end - passage.start > 600)
    herbs = tmp_path / "both"
    herbs.mkdir()
    (herbs / "good.xml").symlink_to(medical_data / "text/medquad/9_CDC_QA/0000001.xml")
    (herbs / "herb.xml").symlink_to(medical_data / "text/medquad/12_MPlusHerbsSupplements_QA/0000001.xml")
    both = build_knowledge_base(herbs, source="medquad", settings=settings)
    assert both.documents == 1
    assert [entry.record_id for entry in both.quarantined] == ["herb.xml"]
    assert "no answer: 8 questions" in both.quarantined[0].reason
