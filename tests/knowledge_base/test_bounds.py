"""Hostile and broken files end with a reason, soon, and never with another exception."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from medrwr.config import SourceSettings
from medrwr.errors import DocumentError
from medrwr.knowledge_base import content as content_module
from medrwr.knowledge_base import read_documents
from medrwr.types import Document, Quarantined
from tests.knowledge_base.samples import SAMPLES, pdf, prose

ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
DEEP = 100_000


def read(path: Path, content: bytes) -> list[Document | Quarantined]:
    path.write_bytes(content)
    entry = SourceSettings(path=str(path.parent))
    return list(read_documents(path, document_id=path.name, source="s", settings=entry))


@pytest.mark.parametrize("name", ["medquad.xml", "module.cnxml", "article.nxml", "pubmed.xml"])
def test_entities_are_refused_in_every_xml(tmp_path: Path, name: str) -> None:
    text = SAMPLES[name]("Tarvenosis").decode().split("?>", 1)[-1]
    text = text.split(".dtd", 1)[-1].removeprefix('">') if name == "article.nxml" else text
    with pytest.raises(DocumentError, match="entities, which are refused"):
        read(tmp_path / name, (ENTITIES + text.replace("kemopril", "&b;")).encode())


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("deep.xml", b'<Document id="1"><Focus>' + b"<a>" * DEEP, "XML"),
        ("deep.json", b'{"data": ' + b"[" * DEEP, "more than 64 levels"),
        ("deep.html", b"<!DOCTYPE html><html>" + b"<div>" * DEEP, "without text"),
        ("a.zip", b"PK\x03\x04" + b"\x00" * 100, "a ZIP archive"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "a PNG image"),
        ("a.txt", "Köhler was here.\n".encode("latin-1"), "not UTF-8"),
        ("a.txt", b"Text that breaks off in the mid", "truncated"),
        ("a.html", b'<html><meta charset="utf-7"><p>text', "declares the encoding 'utf-7'"),
        ("a.pdf", pdf("Tarvenosis")[:400], "PDF"),
        ("LICENSE", b"Attribution 4.0 International\n", "about the data set"),
        ("a.xml.gz", gzip.compress(b"<PubmedArticleSet>" + b"<a/>" * 1000)[:60], "damaged"),
    ],
)
def test_what_cannot_be_read_has_a_reason(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        read(tmp_path / name, content)


def test_declared_encodings_are_read_as_declared(tmp_path: Path) -> None:
    page = '<html><meta charset="iso-8859-1"><title>Köhler</title><p>Text of it.</html>'
    assert [item.title for item in read(tmp_path / "a.html", page.encode("latin-1"))] == ["Köhler"]  # type: ignore[union-attr]
    text = SAMPLES["medquad.xml"]("Köhler").decode()
    for encoding in ("utf-16", "iso-8859-1"):
        content = text.replace("UTF-8", encoding).encode(encoding)
        assert [item.title for item in read(tmp_path / "a.xml", content)] == ["Köhler"]  # type: ignore[union-attr]


def test_records_before_the_broken_place_are_kept(tmp_path: Path) -> None:
    """The second abstract is cut off: the first one is a document, the file has a reason."""
    whole = json.dumps({str(key): {"d": "", "t": "T", "a": prose("x"), "m": ""} for key in (1, 2)}).encode()
    path = tmp_path / "a.json"
    path.write_bytes(whole[:-300])
    entry = SourceSettings(path=str(tmp_path))
    found = read_documents(path, document_id="a.json", source="s", settings=entry)
    assert isinstance(next(found), Document)
    with pytest.raises(DocumentError, match="broken or truncated JSON"):
        next(found)


def test_a_line_that_is_too_long_costs_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_module, "LARGEST_RECORD", 600_000)
    rows = [json.dumps({"id": key, "text": prose(key)}) for key in ("a", "c")]
    long = json.dumps({"id": "b", "text": "x" * 2_000_000})
    items = read(tmp_path / "r.jsonl", "\n".join([rows[0], long, rows[1]]).encode())
    assert [type(item) for item in items] == [Document, Quarantined, Document]
    assert "line 2 is too long" in items[1].reason  # type: ignore[union-attr]


def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_module, "LARGEST_BYTES", 2**20)
    monkeypatch.setattr(content_module, "LARGEST_RECORD", 2**20)
    article = SAMPLES["pubmed.xml"]("x").split(b"<PubmedArticleSet>")[1].split(b"</PubmedArticleSet>")[0]
    bomb = b"<PubmedArticleSet>" + b"".join(article + b" " * 2000 for _ in range(2000))
    with pytest.raises(DocumentError, match="unpacks to more than"):
        read(tmp_path / "bomb.xml.gz", gzip.compress(bomb))
    with pytest.raises(DocumentError, match="unpacks to more than"):
        read(tmp_path / "zeros.txt.gz", gzip.compress(b"a " * 1_500_000))


def test_brackets_in_strings_and_escapes_are_no_depth(tmp_path: Path) -> None:
    """Over the borders of blocks, too: the text is longer than two of them."""
    text = ('[[{{ \\ " ]] ' * 20_000) + prose("x")
    records = {"data": [{"title": "T", "paragraphs": [{"context": text}]}] * 2}
    assert [type(item) for item in read(tmp_path / "a.json", json.dumps(records).encode())] == [Document, Document]
