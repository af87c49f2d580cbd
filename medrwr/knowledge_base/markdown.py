"""Markdown with optional front matter: `---`, lines of `key: value`, `---`, then headings and paragraphs.

Front matter keys: title, modality, licence, url, terms. `terms: a; b | b's synonym` names clinical concepts, `;`
between concepts and `|` between names of one. Without `terms`, the title is a concept; bold text always is.
"""

from __future__ import annotations

import re

from medrwr.errors import DocumentError
from medrwr.knowledge_base.reading import check_sections, heading_path
from medrwr.types import Document, Section

_HEADING = re.compile(r"#{1,6}(?=\s)")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.{1,300}?)(?<=\S)\1")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_EMPHASIS = re.compile(r"(?<!\w)([*_])(?=\S)([^*_]+?)(?<=\S)\1(?!\w)")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_SENTENCE_END = (".", "!", "?", ":", ";", ")", '"', "”", "'", "|", "`")
_LONGEST_TERM = 6
_HEAD = 4096


def matches(name: str, head: str) -> bool:
    """By content: front matter or a heading opens the file; else by name."""
    first = head.lstrip("\ufeff \t\r\n")[:_HEAD]
    if first.startswith(("---\n", "---\r\n")) or _HEADING.match(first.split("\n", 1)[0]):
        return not name.lower().endswith(
            (".xml", ".html", ".json", ".jsonl", ".yaml", ".yml", ".py", ".htm", ".csv", ".tsv")
        )
    return name.lower().endswith((".md", ".markdown")) and not first.startswith(("<?xml", "<!DOCTYPE", "{"))


def read(text: str, *, document_id: str, source: str) -> Document:
    """Parse one document.

    Raises:
        DocumentError: front matter that never ends, a last paragraph that breaks off, or no text at all.
    """
    lines = text.lstrip("\ufeff").splitlines()
    header, body = _front_matter(lines, document_id)
    reject_broken_end(text, body[-1] if body else "", document_id)
    check_sections(sum(line.startswith("#") for line in body), document_id)
    sections, title = _sections(body)
    title = header.get("title") or title or document_id.rsplit("/", 1)[-1]
    if not sections:
        raise DocumentError(f"document {document_id!r} has headings but no text: fill it in or remove it")
    return Document(
        document_id=document_id,
        title=title,
        sections=tuple(Section(heading, _plain(paragraphs)) for heading, paragraphs in sections),
        source=source,
        licence=header.get("licence", ""),
        modality=header.get("modality", ""),
        url=header.get("url", ""),
        terms=_terms(header, title, body),
    )


def _front_matter(lines: list[str], document_id: str) -> tuple[dict[str, str], list[str]]:
    if not lines or lines[0].rstrip() != "---":
        return {}, lines
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == "---"), None)
    if end is None:
        raise DocumentError(f"document {document_id!r} is truncated: its front matter has no closing '---'")
    pairs = (line.split(":", 1) for line in lines[1:end] if ":" in line)
    return {key.strip().lower(): value.strip().strip("\"'") for key, value in pairs}, lines[end + 1 :]


def reject_broken_end(text: str, last: str, document_id: str) -> None:
    """A file that neither ends its last sentence nor its last line was cut off."""
    last = last.rstrip()
    if text.endswith("\n") or not last or last.endswith(_SENTENCE_END) or _HEADING.match(last) or _BULLET.match(last):
        return
    raise DocumentError(
        f"document {document_id!r} is truncated: it ends in the middle of a sentence, {last[-40:]!r}, "
        "with no final line break: restore the file, or end its last line"
    )


def _sections(body: list[str]) -> tuple[list[tuple[str, list[str]]], str]:
    """Sections that have text, as (path of headings, paragraphs), and the first level-1 heading."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    title = ""
    path: dict[int, str] = {}
    fresh = True
    for line in body:
        heading = _HEADING.match(line)
        if heading:
            level, text = len(heading[0]), _inline(line[heading.end() :].strip().rstrip("#").rstrip())
            path = {outer: name for outer, name in path.items() if outer < level}
            if level == 1 and not title:
                title = text
            else:
                path[level] = text
                sections.append((heading_path(*path.values()), []))
        elif line.strip():
            _append(sections[-1][1], line, fresh=fresh)
        fresh = bool(heading) or not line.strip()
    return [(heading, paragraphs) for heading, paragraphs in sections if paragraphs], title


def _append(paragraphs: list[str], line: str, *, fresh: bool) -> None:
    bullet = _BULLET.match(line)
    if fresh or bullet or not paragraphs:
        paragraphs.append(line[bullet.end() :].strip() if bullet else line.strip())
    else:
        paragraphs[-1] += " " + line.strip()


def _inline(text: str) -> str:
    """Text without the marks of bold, emphasis, links and code."""
    text = _LINK.sub(r"\1", _BOLD.sub(r"\2", text)).replace("`", "")
    return " ".join(_EMPHASIS.sub(r"\2", text).split())


def _plain(paragraphs: list[str]) -> str:
    return "\n".join(_inline(paragraph) for paragraph in paragraphs)


def _terms(header: dict[str, str], title: str, body: list[str]) -> tuple[tuple[str, ...], ...]:
    listed = [
        tuple(name.strip() for name in concept.split("|") if name.strip())
        for concept in header.get("terms", title).split(";")
    ]
    bold = [(_inline(found[2]).rstrip(".:,"),) for line in body for found in _BOLD.finditer(line)]
    short = (names for names in listed + bold if names and len(names[0].split()) <= _LONGEST_TERM)
    return tuple(dict.fromkeys(short))
