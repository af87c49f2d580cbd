"""One PDF in a process of its own: `python pdf_worker.py FILE MEGABYTES SECONDS`. JSON lines on stdout, one a page.

A damaged or hostile PDF may cost any time and memory: memory, and the processor time of each page, are limited here;
beyond it the system ends this process. Processor time, so that a busy machine reads the same documents as an idle one.
Imports nothing of medrwr: it must start quickly.
"""

from __future__ import annotations

import json
import logging
import re
import resource
import sys
from typing import Any


def main(path: str, megabytes: int, seconds: int) -> int:
    """Print {"title", "date", "licence"}, then {"section", "text"} a page; {"error"} when it cannot go on."""
    limit = megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    _allow(seconds)
    try:
        _read(path, seconds)
    except MemoryError:
        _say({"error": f"needs more than {megabytes} MiB of memory"})
    except RecursionError:
        _say({"error": "is nested too deeply"})
    except Exception as error:  # noqa: BLE001 - whatever a parser of hostile files raises is the file's fault
        _say({"error": f"is not a readable PDF: {type(error).__name__}: {error}"[:300]})
    return 0


def _allow(seconds: int) -> None:
    """So much more processor time, then SIGXCPU."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + seconds, hard))


def _read(path: str, seconds: int) -> None:
    from pypdf import PdfReader

    reader = PdfReader(path, strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        _say({"error": "is encrypted: save it without a password"})
        return
    _say(_facts(reader))
    headings = _outline(reader)
    section = ""
    for number, page in enumerate(reader.pages):
        _allow(seconds)
        section = headings.get(number, section)
        _say({"section": section, "text": page.extract_text()})


def _facts(reader: Any) -> dict[str, str]:
    facts = reader.metadata or {}
    found = re.match(r"D:(\d{4})(\d{2})?(\d{2})?", str(facts.get("/CreationDate", "")))
    return {
        "title": str(facts.get("/Title", "") or ""),
        "date": "-".join(part for part in found.groups() if part) if found else "",
    }


def _outline(reader: Any) -> dict[int, str]:
    """Page -> the path of the bookmark that starts there; later ones of the same page win. None when it is broken."""
    from pypdf.errors import PyPdfError

    places: dict[int, str] = {}

    def visit(entries: Any, path: tuple[str, ...]) -> None:
        last = path
        for entry in entries:
            if isinstance(entry, list):
                visit(entry, last)
                continue
            last = (*path, str(entry.title))
            page = reader.get_destination_page_number(entry)
            if page is not None and page >= 0:
                places[page] = " > ".join(last)

    try:
        visit(reader.outline, ())
    except (PyPdfError, AttributeError, KeyError, TypeError, ValueError, IndexError):
        return {}
    return places


def _say(record: dict[str, str]) -> None:
    # Lone surrogates, which broken fonts give, are no text.
    sys.stdout.buffer.write(json.dumps(record).encode("ascii") + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
