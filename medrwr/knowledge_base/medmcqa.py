"""MedMCQA (Pal et al., CHIL 2022), JSON lines or one array: the explanations of exam questions (M7: ExpKB, M9).

The question heads the section, subject and topic name the document. What only says which letter is right is cut off:
an answer letter is no knowledge (M9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from medrwr.knowledge_base.content import Content
from medrwr.knowledge_base.json_stream import as_text, json_lines, stream_items
from medrwr.knowledge_base.reading import Item, Job, clean, clean_lines
from medrwr.types import Document, Section

_START = re.compile(r"\s*(?:\[\s*)?\{")
_OPTION = re.compile(r'"op[abcd]"\s*:')
_LETTER = re.compile(
    r"""^\s*(?:ans(?:wer)?\b[\s.:\-]{0,8}(?:is\b)?[\s.:\-]{0,8})[(\["'`]*\s*[a-d]\s*[)\]"'`]*(?=[\s.,:;)\-])[\s.,:;)\-]*(?:i\.?\s*e\.?,?(?=\s))?\s*""",
    re.IGNORECASE,
)


def matches(_name: str, head: str) -> bool:
    """By content: objects with the keys `opa` .. `opd`."""
    return bool(_START.match(head) and _OPTION.search(head))


def read(content: Content, job: Job) -> Iterator[Item]:
    """One document an explanation; questions without one are rejected.

    Raises:
        DocumentError: where the file is broken.
    """
    array = content.head.lstrip().startswith("[")
    seen: set[str] = set()
    for number, record in enumerate(stream_items(content, "item") if array else json_lines(content), start=1):
        key = as_text(record.get("id")) or str(number) if isinstance(record, dict) else str(number)
        if isinstance(record, str):
            yield job.rejected(str(number), record)
        elif not isinstance(record, dict) or key in seen:
            yield job.rejected(str(number), f"record {number} {'repeats id ' + key if key in seen else 'is no object'}")
        else:
            seen.add(key)
            yield _document(key, record, job)


def strip_letter(explanation: str) -> str:
    """Example: `strip_letter("Ans. is 'b' i.e., Hyperkalemia")` is 'Hyperkalemia'."""
    return _LETTER.sub("", explanation, count=1)


def _document(key: str, record: dict[str, Any], job: Job) -> Item:
    explanation = strip_letter(clean_lines(as_text(record.get("exp"))))
    if not explanation:
        return job.rejected(key, f"question {key} has no explanation")
    subject, topic = (clean(as_text(record.get(name))) for name in ("subject_name", "topic_name"))
    question = clean(as_text(record.get("question")))
    return Document(
        document_id=job.record_id(key),
        title=topic or subject or "MedMCQA",
        sections=(Section(question, explanation),),
        source=job.source,
    )
