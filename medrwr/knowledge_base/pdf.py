"""PDF (pypdf): pages joined to running text, bookmarks as sections; read by a worker that is watched."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import LARGEST_BYTES, Content
from medrwr.knowledge_base.plaintext import unwrap
from medrwr.knowledge_base.reading import Item, Job, clean
from medrwr.types import Document, Section

_PAGE_PROCESSOR_S = 8
_PAGE_TIMEOUT_S = 120.0  # of the clock: for a worker that waits for a disk which never answers
_MEGABYTES = 1024
_WORKER = Path(__file__).with_name("pdf_worker.py")


def matches(_name: str, head: str) -> bool:
    """By content: PDF's mark within the first bytes."""
    return "%PDF-" in head[:1024]


def read(content: Content, job: Job) -> Iterator[Item]:
    """One document.

    Raises:
        DocumentError: damaged, encrypted, too slow or too large a page, or no text in it (a scan).
    """
    facts: dict[str, str] = {}
    pages: list[tuple[str, str]] = []
    for record in _records(content.path, job.document_id):
        if "error" in record:
            raise DocumentError(f"document {job.document_id!r} {clean(record['error'])}")
        if "text" in record:
            pages.append((clean(record["section"]), record["text"]))
        else:
            facts = record
    sections = tuple(_sections(pages))
    if not sections:
        raise DocumentError(
            f"document {job.document_id!r} is a PDF of {len(pages)} pages without text: recognise its text"
        )
    title = clean(facts.get("title", "")) or job.document_id.rsplit("/", 1)[-1].removesuffix(".pdf")
    yield Document(job.document_id, title, sections, job.source, date=facts.get("date", ""))


def _sections(pages: list[tuple[str, str]]) -> Iterator[Section]:
    """Consecutive pages below one bookmark are one section: their sentences run on over the page."""
    lines: list[str] = []
    for number, (heading, text) in enumerate(pages):
        lines += [clean(line) for line in text.splitlines()]
        if number + 1 == len(pages) or pages[number + 1][0] != heading:
            if paragraphs := unwrap(lines):
                yield Section(heading, "\n".join(paragraphs))
            lines = []


def _records(path: Path, document_id: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-P", str(_WORKER), str(path), str(_MEGABYTES), str(_PAGE_PROCESSOR_S)]
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        for line in _lines(worker, document_id):
            yield json.loads(line)
        code = worker.wait(_PAGE_TIMEOUT_S)
        if code == -signal.SIGXCPU:
            raise DocumentError(f"document {document_id!r} has a page that takes more than {_PAGE_PROCESSOR_S} s")
        if code:
            raise DocumentError(f"document {document_id!r} is a PDF that ended its reader ({code})")
    finally:
        worker.kill()
        worker.wait()
        if worker.stdout is not None:
            worker.stdout.close()


def _lines(worker: subprocess.Popen[bytes], document_id: str) -> Iterator[bytes]:
    """Lines as they come; each within `_PAGE_TIMEOUT_S` of the one before."""
    if worker.stdout is None:  # it is a pipe: said above
        return
    handle, rest, total = worker.stdout.fileno(), b"", 0
    deadline = time.monotonic() + _PAGE_TIMEOUT_S
    while True:
        ready, _, _ = select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise DocumentError(f"document {document_id!r} has a page that takes more than {_PAGE_TIMEOUT_S:g} s")
        block = os.read(handle, 2**16)
        total += len(block)
        if total > LARGEST_BYTES:
            raise DocumentError(f"document {document_id!r} has more than {LARGEST_BYTES} bytes of text: split it")
        if not block:
            return
        *whole, rest = (rest + block).split(b"\n")
        if whole:
            deadline = time.monotonic() + _PAGE_TIMEOUT_S
        yield from whole
