"""Practice questions of a book in Markdown -> items with candidates, answer, explanation and images (Appendix B).

An item begins with a number ("12. Which ..", "## Question 12", "**Question 12.** Which .."), has lettered options
("A. ..", "(B) ..", "- C) .."), then "Answer: C", and may have "Explanation: ..". Images are Markdown's own. An answer
key at the end ("12. C", below a heading with the word "answers") serves where an item says no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from medrwr.curation.book_text import without_references
from medrwr.errors import ItemError
from medrwr.types import LETTERS

_START = re.compile(
    r"^\s*(?:#{1,6}\s*)?(?:\*\*)?\s*(?:(?:question|q)\s*\.?\s*(\d+)\s*[.:)]?|(\d+)\s*[.)](?=\s|\*))\s*(?:\*\*)?\s*(.*)$",
    re.IGNORECASE,
)
_OPTION = re.compile(r"^\s*(?:[-*+]\s+)?(?:\*\*)?\(?([A-Ja-j])[.)](?:\*\*)?\s+(.+)$")
_ANSWER = re.compile(r"^\W*(?:correct\s+)?answer\W*\s*(?:is\s+)?\W*([A-Ja-j])\b[\W_]*(.*)$", re.IGNORECASE)
_EXPLANATION = re.compile(r"^\W*(?:explanation|rationale|discussion)\b\W*(.*)$", re.IGNORECASE)
_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_KEY_HEADING = re.compile(r"^\s*#{1,6}\s.*\banswers?\b(?!.*\bquestion)", re.IGNORECASE)
_KEY = re.compile(r"(?:^|[\s|,;])(\d+)\s*[.):\-]\s*\(?([A-Ja-j])\b(?![\w'])")
_HEADING = re.compile(r"^\s*#{1,6}\s+(.*)$")


@dataclass
class BookItem:
    """One question as the book has it, inline references removed. `images`: paths as they are written there."""

    number: str
    chapter: str
    question: str = ""
    options: list[str] = field(default_factory=list)
    answer: str = ""
    explanation: str = ""
    images: list[str] = field(default_factory=list)
    trouble: str = ""

    def check(self) -> None:
        """Raises:
        ItemError: no text, no image, fewer than two options or more than ten, options that repeat, no answer.
        """
        letters = LETTERS[: len(self.options)]
        if self.trouble:
            raise ItemError(self.trouble)
        if not self.question:
            raise ItemError("question: it has no text")
        if not 2 <= len(self.options) <= len(LETTERS):
            raise ItemError(f"options: {len(self.options)} of them, expected 2 to {len(LETTERS)}")
        if len({option.casefold() for option in self.options}) < len(self.options) or not all(self.options):
            raise ItemError("options: one is empty, or two say the same")
        if not self.answer or self.answer not in letters:
            raise ItemError(f"answer: {self.answer or 'none'} is given, expected one of {letters}")
        if not self.images:
            raise ItemError("image: it shows none")


def read_book(text: str) -> list[BookItem]:
    """All items in their order, good or not: `BookItem.check` tells."""
    body, key = _split_key(text)
    items = list(_items(body))
    for item in items:
        item.answer = item.answer or key.get(item.number, "")
        item.question = without_references(item.question)
        item.options = [without_references(option).rstrip() for option in item.options]
        item.explanation = without_references(item.explanation)
    return items


def _split_key(text: str) -> tuple[list[str], dict[str, str]]:
    """Lines before the answer key, and the key: letters by number."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if _KEY_HEADING.match(line):
            found = _KEY.findall("\n".join(lines[place + 1 :]))
            return lines[:place], {number: letter.upper() for number, letter in found}
    return lines, {}


def _items(lines: list[str]) -> Iterator[BookItem]:
    item: BookItem | None = None
    chapter, part, before = "", "question", ""
    for line in lines:
        start, behind_blank, before = _START.match(line), not before.strip(), line
        heading = _HEADING.match(line)
        if start and not (item and part == "explanation" and not _begins(item, start, behind_blank)):
            if item:
                yield item
            item, part = BookItem(start[1] or start[2], chapter), "question"
            line = start[3]
        elif heading:
            if item:
                yield item
            item, chapter = None, without_references(heading[1])
        if item:
            part = _take(item, line, part)
    if item:
        yield item


def _begins(item: BookItem, start: re.Match[str], behind_blank: bool) -> bool:
    """Whether a number is that of the next question, and not of a list inside the explanation of `item`."""
    return start[1] is not None or (behind_blank and int(start[2]) == int(item.number) + 1)


def _take(item: BookItem, line: str, part: str) -> str:
    """Add one line to the item; returns the part that the next line goes on with."""
    item.images += _IMAGE.findall(line)
    line = _IMAGE.sub("", line).strip()
    if answer := _ANSWER.match(line):
        item.answer = answer[1].upper()
        item.explanation = answer[2].strip()
        return "explanation"
    if explanation := _EXPLANATION.match(line):
        item.explanation = f"{item.explanation} {explanation[1]}".strip()
        return "explanation"
    if part != "explanation" and (option := _OPTION.match(line)):
        if option[1].upper() != LETTERS[len(item.options) % len(LETTERS)]:
            item.trouble = f"options: {option[1].upper()} follows {len(item.options)} of them"
        item.options.append(option[2])
        return "options"
    if line and part == "options":
        item.options[-1] += f" {line}"
    elif line:
        setattr(item, part, f"{getattr(item, part)} {line}".strip())
    return part
