"""A section of the report that is a table: plain text, rendered as HTML (escaped) and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from medrwr.evaluation.page import table

_LONG = 20  # lines of a table that the page shows at once


@dataclass(frozen=True, slots=True)
class Section:
    """A titled table with a note on how to read it; a section without rows is left out."""

    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sections_html(sections: Sequence[Section]) -> list[str]:
    """The sections for the page."""
    return [
        f'<h2>{escape(one.title)}</h2><p class="soft">{escape(one.note)}</p>{_folded(one)}'
        for one in sections
        if one.rows
    ]


def sections_markdown(sections: Sequence[Section]) -> str:
    """The sections for Markdown."""
    return "\n".join(_markdown(one) for one in sections if one.rows)


def _folded(section: Section) -> str:
    """The table; a long one opens on demand."""
    drawn = table(_escaped(section.header), [_escaped(row) for row in section.rows])
    if len(section.rows) <= _LONG:
        return drawn
    return f"<details><summary>{len(section.rows)} lines</summary>{drawn}</details>"


def _markdown(section: Section) -> str:
    lines = [section.header, ("---",) * len(section.header), *section.rows]
    rows = "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)
    return f"## {section.title}\n\n{section.note}\n\n{rows}"


def _escaped(cells: Sequence[str]) -> list[str]:
    return [escape(cell) for cell in cells]
