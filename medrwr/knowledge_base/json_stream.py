"""JSON files of any size, read record by record (ijson): memory is bounded by the largest record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import Content


def stream_items(content: Content, prefix: str) -> Iterator[Any]:
    """The elements of the array at `prefix`: "item" for a top-level array, "data.item" for one below `data`.

    Raises:
        DocumentError: where the file is broken; what came before was given already.
    """
    import ijson

    return _stream(content, lambda stream: ijson.items(stream, prefix, use_float=True))


def stream_pairs(content: Content) -> Iterator[tuple[str, Any]]:
    """Keys and values of the top-level object.

    Raises:
        DocumentError: where the file is broken; what came before was given already.
    """
    import ijson

    return _stream(content, lambda stream: ijson.kvitems(stream, "", use_float=True))


def json_lines(content: Content) -> Iterator[Any]:
    """The values of JSON lines; a bad line gives a `str` that says what is wrong with it."""
    with content.stream() as stream:
        for number, line in enumerate(stream.lines(), start=1):
            if line is None:
                yield f"line {number} is too long: split the record"
            elif line.strip():
                try:
                    value = json.loads(line)
                    yield value if not isinstance(value, str) else f"line {number} is no object"
                except (ValueError, RecursionError) as error:
                    yield f"line {number} is no JSON: {' '.join(str(error).split())[:200]}"


def _stream(content: Content, start: Any) -> Iterator[Any]:
    from ijson.common import JSONError

    with content.stream() as stream:
        try:
            for record in start(stream.bounded()):
                yield record
                stream.record_done()
        except (JSONError, UnicodeDecodeError, RecursionError) as error:
            reason = " ".join(str(error).split())[:200]
            raise DocumentError(f"document {content.document_id!r} is broken or truncated JSON: {reason}") from None


def as_text(value: Any) -> str:
    """A field that should be text; numbers are written out, the rest is none."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def as_list(value: Any) -> list[Any]:
    """A field that should be an array; anything else is an empty one."""
    return value if isinstance(value, list) else []
