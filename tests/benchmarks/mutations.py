"""Files that nobody should have to read: valid ones of every format, damaged at random, and hostile ones."""

from __future__ import annotations

import gzip
import io
import os
import random
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.knowledge_base.samples import SAMPLES, pdf, prose

MEBIBYTE = 2**20
_PDF_SHARE = 0.01  # each PDF costs a process
_NAMES = [name for name in SAMPLES if name != "paper.pdf"]


def mutated(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name, content) of `count` damaged files; the same seed, the same files."""
    chance = random.Random(seed)
    for number in range(count):
        name = "paper.pdf" if chance.random() < _PDF_SHARE else chance.choice(_NAMES)
        content = SAMPLES[name](f"Melkosis {number}")
        for _ in range(chance.choice((1, 1, 1, 2))):
            content = chance.choice(MUTATIONS)(content, chance)
        yield f"{number:05d}-{name}", content


def truncated(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def flipped(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.randint(1, 20)):
        if damaged:
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def encoded_wrongly(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", errors="replace").replace("is treated", "ist für Ärzte – behandelt")
    return text.encode(chance.choice(("latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "cp037")), errors="replace")


def shuffled(content: bytes, chance: random.Random) -> bytes:
    """Two slices change places."""
    cuts = sorted(chance.randrange(len(content) + 1) for _ in range(3))
    first, second, third = cuts
    return content[:first] + content[second:third] + content[first:second] + content[third:]


def repeated(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    piece = content[start : start + chance.randint(1, 60)]
    return content[:start] + piece * chance.randint(2, 500) + content[start:]


def overwritten(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    return content[:start] + chance.randbytes(chance.randint(1, 400)) + content[start + 100 :]


def with_entities(content: bytes, chance: random.Random) -> bytes:
    """Ten entities, each ten times the one before; put where an XML declaration ends."""
    rows = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    head, found, rest = content.partition(b"?>")
    opening, rest = (head + found, rest) if found else (b"", content)
    return opening + f'<!DOCTYPE x [<!ENTITY e0 "ha">{rows}]>'.encode() + rest.replace(b"kemopril", b"&e9;")


def nested(content: bytes, chance: random.Random) -> bytes:
    opening = chance.choice((b"<a>", b"<div>", b"[", b'{"a":', b"<sec><title>x</title>", b"> ", b"(", b"**a "))
    start = chance.randrange(len(content) + 1)
    return content[:start] + opening * chance.randint(100, 3_000) + content[start:]


def emptied(content: bytes, chance: random.Random) -> bytes:
    return chance.choice((b"", b"\n", b" " * 5000, b"\x00" * 5000, b"\xef\xbb\xbf"))


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(truncated, flipped, flipped, encoded_wrongly, shuffled, repeated, overwritten, with_entities, nested, emptied),
)


def hostile(megabytes: int) -> Iterator[tuple[str, bytes]]:
    """One large file a kind of attack, at most `megabytes` MiB each."""
    size = megabytes * MEBIBYTE
    zeros = bytes(size)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", zeros)
    article = SAMPLES["pubmed.xml"]("Melkosis").split(b"<PubmedArticleSet>")[1].split(b"</PubmedArticleSet>")[0]
    yield "bomb.zip", packed.getvalue()
    yield "bomb.docx", packed.getvalue()
    yield "bomb.txt.gz", gzip.compress(zeros)
    yield "bomb.jsonl.gz", gzip.compress(b'{"text": "' + b"a" * size)
    yield "bomb.xml.gz", gzip.compress(b"<PubmedArticleSet>" + (article + b" " * 4000) * (size // 5000))
    yield "bomb-twice.gz", gzip.compress(gzip.compress(zeros))
    yield "elements.xml", b'<Document id="1"><Focus>x</Focus>' + b"<a/>" * (size // 4)
    yield "attributes.xml", b'<Document id="1" ' + b" ".join(b'a%d="b"' % n for n in range(size // 16)) + b">"
    yield "deep.xml", b'<Document id="1">' + b"<a>" * (size // 3)
    yield "deep.html", b"<!DOCTYPE html><html>" + b"<div>" * (size // 6)
    yield "tags.html", b"<!DOCTYPE html><html>" + b"<p>a" * (size // 4)
    yield "deep.json", b'{"data": ' + b"[" * size
    yield "wide.json", b'{"data": [' + b"{}," * (size // 3)
    yield "keys.json", b'{"11": {"t": "x", ' + b",".join(b'"k%d": 1' % n for n in range(size // 14))
    yield "open-quote.csv", b'id,text\n1,"' + b"a,b\n" * (size // 4)
    yield "columns.csv", b"text" + b",a" * (size // 2) + b"\n"
    yield "brackets.md", b"# T\n\n" + b"[" * size
    yield "links.md", b"# T\n\n" + b"[a](" * (size // 4)
    yield "stars.md", b"# T\n\n" + b"**a " * (size // 4)
    yield "hashes.md", b"# T" + b" #" * (size // 2) + b" x\n"
    yield "spaces.md", b"# " + b" " * size + b"x\n\nText.\n"
    yield "headings.md", b"## a\nb\n" * (size // 7)
    yield "initials.txt", b"A. " * (size // 3) + b"\n"
    yield "stops.txt", b"." * size + b"\n"
    yield "words.txt", b"a " * (size // 2) + b"\n"
    yield "blank.xml", b'<Document id="1"><Focus>x</Focus><QAPairs><QAPair><Answer>' + b" " * size
    yield "articles.xml", b"<article " * (size // 9)
    yield "stream.pdf", pdf_bomb(size)
    yield "loop.pdf", pdf("Melkosis").replace(b"/Kids [3 0 R 4 0 R]", b"/Kids [2 0 R 2 0 R]")
    yield "bookmarks.pdf", pdf("Melkosis").replace(b"/Next 10 0 R", b"/Next  9 0 R")


def pdf_bomb(size: int) -> bytes:
    """A page whose content unpacks to `size` bytes of text operators, packed twice."""
    content = zlib.compress(zlib.compress(b"(a) Tj " * (size // 7)))
    plain = pdf("Melkosis")
    start = plain.index(b"<< /Filter /FlateDecode /Length")
    end = plain.index(b"endstream", start)
    head = b"<< /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n" % len(content)
    return plain[:start] + head + content + b"\n" + plain[end:]


def long_lines(folder: Path, size: int) -> None:
    """One line of `size` bytes, as the whole of a file of every kind of name, and after a valid beginning."""
    starts = {
        "line.txt": b"",
        "line.jsonl": b'{"text": "',
        "line.json": b'{"data": [{"title": "',
        "line.csv": b"text\n",
    }
    for name, start in starts.items():
        with (folder / name).open("wb") as stream:
            stream.write(start)
            for _ in range(size // MEBIBYTE):
                stream.write(b"a" * MEBIBYTE)
    for name in ("line.md", "line.xml", "line.html", "line.pdf", "line"):
        os.link(folder / "line.txt", folder / name)


def good(count: int) -> Iterator[tuple[str, bytes]]:
    """Sound documents of all formats, each with words of its own."""
    names = list(SAMPLES)
    for number in range(count):
        name = names[number % len(names)]
        yield f"good-{number:04d}-{name}", SAMPLES[name](f"Tarvenosis{number} {prose(f'type {number}', 1)}"[:60])
