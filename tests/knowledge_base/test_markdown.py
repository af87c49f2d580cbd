"""Markdown with front matter: what becomes title, sections and terms, and what is refused."""

from __future__ import annotations

import pytest

from medrwr.errors import DocumentError
from medrwr.knowledge_base import markdown

DOCUMENT = """---
title: Tarvenosis
modality: echocardiography
licence: CC0
terms: tarvenosis | tarven disease; kemopril
---
# Tarvenosis in brief

A first paragraph, wrapped
over two lines.

## Treatment
It is treated first with **kemopril**, see [the list](http://example.org/x).

- Dose: *5 mg*
- Review after a week
"""


def test_front_matter_sections_and_plain_text() -> None:
    document = markdown.read(DOCUMENT, document_id="a/tarvenosis", source="clinic")
    assert (document.title, document.modality, document.licence) == ("Tarvenosis", "echocardiography", "CC0")
    assert [section.heading for section in document.sections] == ["", "Treatment"]
    assert document.sections[0].text == "A first paragraph, wrapped over two lines."
    assert document.sections[1].text == (
        "It is treated first with kemopril, see the list.\nDose: 5 mg\nReview after a week"
    )


def test_terms_of_front_matter_keep_synonyms_together() -> None:
    document = markdown.read(DOCUMENT, document_id="a/tarvenosis", source="clinic")
    assert document.terms == (("tarvenosis", "tarven disease"), ("kemopril",))


def test_without_terms_title_and_bold_text_are_concepts() -> None:
    document = markdown.read("# Tarvenosis\n\nGive **kemopril** first.\n", document_id="t", source="s")
    assert document.title == "Tarvenosis"
    assert document.terms == (("Tarvenosis",), ("kemopril",))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("---\ntitle: Tarvenosis\n# Tarvenosis\n\nText of it.\n", "no closing '---'"),
        ("# Tarvenosis\n\nIt is treated first with kemo", "truncated.*'It is treated first with kemo'"),
        ("# Tarvenosis\n\n## Treatment\n", "headings but no text"),
    ],
)
def test_broken_documents_are_named_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        markdown.read(text, document_id="t", source="s")


def test_a_last_line_without_line_break_is_no_truncation_when_its_sentence_ends() -> None:
    assert markdown.read("# T\n\nIt is treated.", document_id="t", source="s").sections[0].text == "It is treated."
