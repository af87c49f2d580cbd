"""A folder with good and bad documents: good ones are kept, each bad one has its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.config import KnowledgeBaseSettings
from medrwr.errors import ArtefactError
from medrwr.knowledge_base import Term, build_knowledge_base, collect_terms
from medrwr.types import Document

GOOD = "# {name}\n\nA granular apical ring points to {name}. It is treated first with kemopril.\n"
SETTINGS = KnowledgeBaseSettings(chunk_words=10)


def test_every_bad_document_is_quarantined_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(GOOD.format(name="Tarvenosis"))
    (tmp_path / "empty.md").write_text(" \n")
    (tmp_path / "latin.md").write_bytes("# Köhler\n\nText of it.\n".encode("latin-1"))
    (tmp_path / "cut.md").write_bytes("# K\n\nA text about Köhler".encode()[:-5])
    (tmp_path / "cut.xml").write_text('<Document id="1"><Focus>Flu</Focus><QAPairs>')
    (tmp_path / "binary.md").write_bytes(b"# A\x00B\n")
    (tmp_path / "short.md").write_text("# A\n\nThree words only.\n")
    (tmp_path / "notes.rtf").write_text("{\\rtf1 text}")
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere.md")
    (tmp_path / ".hidden").write_text("x")
    built = build_knowledge_base(tmp_path, source="clinic", settings=SETTINGS)
    assert [passage.document_id for passage in built.passages] == ["good"]
    reasons = {entry.record_id: entry.reason for entry in built.quarantined}
    expected = {
        "empty": "is empty",
        "latin": "not UTF-8 (byte 3",
        "cut": "truncated inside a character",
        "cut.xml": "truncated XML",
        "binary": "control character",
        "short": "has 3 words of text, expected at least 8",
        "notes.rtf": "no known format",
        "gone": "is missing",
    }
    assert reasons.keys() == expected.keys()
    assert all(expected[name] in reasons[name] for name in expected), reasons


def test_format_is_told_by_content_before_name(tmp_path: Path) -> None:
    answer = (
        "<QAPair><Question>What ?</Question><Answer>Flu is an illness of the airways that spreads.</Answer></QAPair>"
    )
    xml = f'<Document id="1" url="u"><Focus>Flu</Focus><QAPairs>{answer}</QAPairs></Document>'
    (tmp_path / "flu.md").write_text(xml)
    (tmp_path / "plain").write_text(GOOD.format(name="Tarvenosis"))
    built = build_knowledge_base(tmp_path, source="s", settings=SETTINGS)
    assert [(passage.title, passage.licence) for passage in built.passages] == [
        ("Flu", "CC BY 4.0"),
        ("Tarvenosis", ""),
    ]


@pytest.mark.parametrize(("make", "reason"), [(False, "does not exist"), (True, "is empty")])
def test_a_missing_or_empty_folder_is_an_error_with_a_remedy(tmp_path: Path, make: bool, reason: str) -> None:
    folder = tmp_path / "documents"
    if make:
        folder.mkdir()
    with pytest.raises(ArtefactError, match=reason):
        build_knowledge_base(folder, source="clinic", settings=SETTINGS)


def test_a_folder_without_one_usable_document_is_an_error_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_text("")
    with pytest.raises(ArtefactError, match=r"none of 1 files.*is empty"):
        build_knowledge_base(tmp_path, source="clinic", settings=SETTINGS)


def test_terms_preferred_names_win_and_ambiguous_synonyms_are_left_out() -> None:
    def document(*names: str) -> Document:
        return Document(names[0], names[0], (), "s", terms=(names,))

    documents = [
        document("Tarvenosis", "TV disease", "AAS"),
        document("Melkosis", "AAS", "tarvenosis"),  # AAS: two claims; tarvenosis: preferred elsewhere
        document("Ox"),  # shorter than 3 characters
    ]
    expected = [Term("melkosis", "Melkosis"), Term("tarvenosis", "TV disease"), Term("tarvenosis", "Tarvenosis")]
    assert collect_terms(documents) == expected
    assert collect_terms(reversed(documents)) == expected
