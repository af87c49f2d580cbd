"""Every format by one small file: what becomes title, section path, text, licence and date, and what is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.config import ColumnSettings, SourceSettings
from medrwr.errors import DocumentError
from medrwr.knowledge_base import READERS, read_documents
from medrwr.knowledge_base.medmcqa import strip_letter
from medrwr.types import Document, Quarantined
from tests.knowledge_base.samples import SAMPLES, prose

NAME = "Tarvenosis"
TEXT = prose(NAME)


def read(path: Path, **settings: object) -> tuple[list[Document], list[Quarantined]]:
    entry = SourceSettings.model_validate({"path": str(path.parent), **settings})
    items = list(read_documents(path, document_id=path.name, source="s", settings=entry))
    documents = [item for item in items if isinstance(item, Document)]
    return documents, [item for item in items if isinstance(item, Quarantined)]


def sample(folder: Path, name: str, **settings: object) -> tuple[Document, list[Quarantined]]:
    path = folder / name
    path.write_bytes(SAMPLES[name](NAME))
    (document,), rejected = read(path, **settings)
    return document, rejected


def parts(document: Document) -> list[tuple[str, str]]:
    return [(section.heading, section.text) for section in document.sections]


def test_every_format_has_a_sample_and_is_told_by_its_content(tmp_path: Path) -> None:
    """Under a name that says nothing: all but tables and plain text, which are told by their names."""
    for name, make in SAMPLES.items():
        path = tmp_path / f"{name.replace('.', '_')}.dat"
        path.write_bytes(make(NAME))
        if name in {"table.csv", "table.tsv", "note.txt"}:
            with pytest.raises(DocumentError, match="no known format"):
                read(path)
        else:
            documents, _ = read(path)
            assert [NAME in document.title or "kemopril" in parts(document)[0][1] for document in documents] == [True]
    assert {"csv", "tsv", "jsonl"} | (READERS.keys() - {"rows"}) == {
        *("csv", "tsv", "jsonl", "medquad", "cnxml", "jats", "pubmed", "medcpt", "pubmedqa", "medmcqa", "squad"),
        *("bioasq", "html", "markdown", "text", "pdf"),
    }


def test_cnxml_sections_lists_tables_glossary(tmp_path: Path) -> None:
    document, _ = sample(tmp_path, "module.cnxml")
    assert (document.title, document.licence) == (NAME, "CC BY 4.0")
    assert parts(document) == [
        ("", TEXT),
        ("Treatment", "It is treated with H2O."),
        ("Treatment > Dose", "5 mg at night\n10 mg\nDrug | kemopril"),
        ("Glossary", f"{NAME}: a disease of the ring"),
    ]


def test_jats_abstract_body_and_no_citation_marks(tmp_path: Path) -> None:
    document, _ = sample(tmp_path, "article.nxml")
    assert (document.title, document.date, document.url) == (f"On {NAME}", "2021-04-03", f"https://doi.org/10.1/{NAME}")
    assert document.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert document.terms == ((NAME,),)
    assert parts(document) == [
        ("Abstract > Background", TEXT),
        ("Results", "It healed soon."),
        ("Results > Dose", "As follows:\n5 mg"),
    ]


@pytest.mark.parametrize("name", ["pubmed.xml", "pubmed.xml.gz"])
def test_pubmed_citations_one_by_one(tmp_path: Path, name: str) -> None:
    document, rejected = sample(tmp_path, name)
    assert (document.document_id, document.title) == (f"{name}#11", f"Trial of {NAME}")
    assert (document.date, document.terms) == ("2019-03-07", (("Heart",),))
    assert parts(document) == [("Abstract", f"Methods: {TEXT}")]
    assert [(one.record_id, one.reason) for one in rejected] == [(f"{name}#12", "citation 12 has no abstract")]


def test_medcpt_and_pubmedqa(tmp_path: Path) -> None:
    document, rejected = sample(tmp_path, "medcpt.json")
    assert (document.document_id, document.date, parts(document)) == (
        "medcpt.json#11",
        "2019-03-07",
        [("Abstract", TEXT)],
    )
    assert "no abstract" in rejected[0].reason
    document, _ = sample(tmp_path, "pubmedqa.json")
    assert parts(document) == [("Abstract", f"Methods: {TEXT}\nConclusion: It does.")]
    assert (document.url, document.date) == ("https://pubmed.ncbi.nlm.nih.gov/11/", "2019")


def test_medmcqa_explanations_without_the_answer_letter(tmp_path: Path) -> None:
    """M9: an explanation is knowledge, 'Ans. is b' is not."""
    document, rejected = sample(tmp_path, "medmcqa.json", licence="MIT")
    assert (document.title, document.licence) == ("Medicine", "MIT")
    assert parts(document) == [(f"What treats {NAME}?", TEXT)]
    assert [one.reason for one in rejected] == ["question q2 has no explanation"]
    assert strip_letter("Ans-a. The pressure rises") == "The pressure rises"
    assert strip_letter("Answer is C) Calcium") == "Calcium"
    assert strip_letter("A drug is given. Ans. b") == "A drug is given. Ans. b"
    assert strip_letter("Ansa cervicalis is a loop") == "Ansa cervicalis is a loop"


def test_squad_and_bioasq(tmp_path: Path) -> None:
    document, _ = sample(tmp_path, "squad.json")
    assert (document.title, parts(document)) == (f"{NAME} disease", [("", TEXT)])
    document, _ = sample(tmp_path, "bioasq.json")
    assert (document.document_id, document.title) == ("bioasq.json#11", f"Trial of {NAME}")
    assert (
        dict(parts(document))["abstract"] == f"{TEXT}\nIt is treated first with kemopril."
    )  # in order; "points to" is in it


def test_rows_of_tables(tmp_path: Path) -> None:
    document, rejected = sample(tmp_path, "table.csv")
    assert (document.document_id, document.title, document.date) == ("table.csv#1", NAME, "2019-03")
    assert parts(document) == [("", TEXT)]
    assert [one.reason for one in rejected] == ["line 3 has 2 fields, the header has 4", "record 3 has no text"]
    assert parts(sample(tmp_path, "table.tsv")[0]) == [("", TEXT)]
    document, rejected = sample(tmp_path, "rows.jsonl")
    assert parts(document) == [("", TEXT)]
    assert "line 2 is no JSON" in rejected[0].reason


def test_a_column_mapping_names_what_is_where(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("key,indication,dose\na,Heart failure of any cause,5 mg\n")
    with pytest.raises(DocumentError, match=r"columns key, indication, dose: name the one with the text"):
        read(path)
    with pytest.raises(DocumentError, match=r"no column 'doze' \(columns.text\)"):
        read(path, columns=ColumnSettings(text=["doze"]))
    (document,), _ = read(path, columns=ColumnSettings(text=["indication", "dose"], id="key", title="key"))
    assert document.document_id == "t.csv#a"
    assert parts(document) == [("indication", "Heart failure of any cause"), ("dose", "5 mg")]


def test_html_headings_lists_tables_and_no_decoration(tmp_path: Path) -> None:
    document, _ = sample(tmp_path, "page.html")
    assert (document.title, document.date) == (NAME, "2019-03-07")
    assert document.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert parts(document) == [
        ("", TEXT),
        ("Treatment", "Give kemopril."),
        ("Treatment > Dose", "5 mg\n10 mg\nDrug | kemopril"),
    ]


def test_text_and_nested_markdown(tmp_path: Path) -> None:
    document, _ = sample(tmp_path, "note.txt")
    assert (document.title, parts(document)) == (f"{NAME} in brief", [("", TEXT)])
    document, _ = sample(tmp_path, "note.md")
    assert parts(document) == [("", TEXT), ("Treatment > Dose", "5 mg.")]


def test_pdf_pages_bookmarks_and_facts(tmp_path: Path) -> None:
    document, _ = sample(tmp_path, "paper.pdf")
    assert (document.title, document.date) == (NAME, "2019-03-07")
    assert [heading for heading, _ in parts(document)] == ["Overview", "Treatment"]
    assert parts(document)[0][1] == f"{NAME} is a disease of the heart that goes on over a page."
