"""The real sets, read whole: as many documents as INDEX.txt and SOURCE.txt count."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from medrwr.config import SourceSettings
from medrwr.errors import DocumentError
from medrwr.knowledge_base import read_documents
from medrwr.knowledge_base.files import list_files
from medrwr.types import Document, Quarantined


def read_folder(folder: Path) -> tuple[list[Document], list[Quarantined]]:
    documents: list[Document] = []
    rejected: list[Quarantined] = []
    entry = SourceSettings(path=str(folder))
    for path, document_id in list_files(folder, "s"):
        try:
            for item in read_documents(path, document_id=document_id, source="s", settings=entry):
                (documents if isinstance(item, Document) else rejected).append(item)  # type: ignore[arg-type]
        except DocumentError as error:
            rejected.append(Quarantined(document_id, "s", str(error)))
    assert len({document.document_id for document in documents}) == len(documents)
    return documents, rejected


def kinds(rejected: list[Quarantined]) -> Counter[str]:
    known = ("has no answer", "no <Focus>", "about the data set", "no explanation", "no known format", "image")
    return Counter(next((kind for kind in known if kind in one.reason), one.reason) for one in rejected)


def test_all_5162_documents_of_medquad(medical_data: Path) -> None:
    """14,127 of 14,924 pairs are answered; the 99 herb documents and one of GARD have no answer left at all."""
    documents, rejected = read_folder(medical_data / "text/medquad")
    counted = kinds(rejected)
    assert counted.pop("about the data set") == 3  # LICENSE.txt, SOURCE.txt, readme.txt
    assert counted == {"has no answer": 100, "no <Focus>": 3}
    assert len(documents) + counted.total() == 5162
    assert sum(len(document.sections) for document in documents) + unfocused_pairs(medical_data) == 14127
    assert {document.licence for document in documents} == {"CC BY 4.0"}


def unfocused_pairs(medical_data: Path) -> int:
    """Answered pairs of the three documents that do not name their topic."""
    folder = medical_data / "text/medquad"
    _, rejected = read_folder(folder / "9_CDC_QA")
    names = [one.record_id for one in rejected if "no <Focus>" in one.reason]
    return sum((folder / "9_CDC_QA" / name).read_text(encoding="utf-8").count("<Answer>") for name in names)


def test_all_296_modules_of_openstax(medical_data: Path) -> None:
    documents, rejected = read_folder(medical_data / "text/openstax-nursing/modules")
    assert (len(documents), rejected) == (296, [])
    anorexiants = next(document for document in documents if document.title == "Anorexiants")
    assert [section.heading for section in anorexiants.sections][1:3] == [
        "Learning Outcomes",
        "Phentermine Hydrochloride",
    ]
    assert "Phentermine (Adipex-P, Lomaira) | 15–37.5 mg orally every morning." in "\n".join(
        section.text for section in anorexiants.sections
    )
    assert not any("References" in section.heading for document in documents for section in document.sections)


def test_medmcqa_pubmedqa_bioasq(medical_data: Path) -> None:
    documents, rejected = read_folder(medical_data / "mcq/mirage/medmcqa")
    counted = kinds(rejected)
    assert counted.pop("about the data set") == 1
    assert (len(documents), counted) == (1675, {"no explanation": 3183 - 1675})
    documents, rejected = read_folder(medical_data / "mcq/pubmedqa")
    assert (len(documents), kinds(rejected)) == (500, {"about the data set": 2})
    documents, rejected = read_folder(medical_data / "mcq/mirage/bioasq")
    assert rejected == []
    assert {document.document_id.replace("#", " ") for document in documents} == bioasq_articles(medical_data)


def bioasq_articles(medical_data: Path) -> set[str]:
    """'<file> <PubMed id>' of all snippets, read independently; the 1,000 questions have 7,952 of them."""
    folder = medical_data / "mcq/mirage/bioasq"
    found, questions, snippets = set(), 0, 0
    for path in folder.rglob("*.json"):
        for question in json.loads(path.read_bytes())["questions"]:
            questions += 1
            snippets += len(question["snippets"])
            keys = {snippet["document"].rsplit("/", 1)[-1] for snippet in question["snippets"]}
            found |= {f"{path.relative_to(folder).as_posix()} {key}" for key in keys}
    assert (questions, snippets) == (1000, 7952)
    return found


@pytest.mark.parametrize("split", ["train", "devel"])
def test_all_693_abstracts_of_ncbi_disease_as_text(medical_data: Path, split: str) -> None:
    """Annotations beside them (.ann) are no documents."""
    documents, rejected = read_folder(medical_data / "ner/ncbi-disease/standoff" / split)
    assert len(documents) == len(rejected) == {"train": 593, "devel": 100}[split]
    assert set(kinds(rejected)) == {"no known format"}


def test_tables_of_questions_without_a_text_column_are_refused_with_the_remedy(medical_data: Path) -> None:
    documents, rejected = read_folder(medical_data / "mcq/mirage/mmlu")
    assert (documents, len(rejected)) == ([], 4)
    assert all("columns.text" in one.reason for one in rejected)
