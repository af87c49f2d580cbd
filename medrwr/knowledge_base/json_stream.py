"""JSON files of any size, read record by record (ijson): memory is bounded by the largest record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from medrwr.errors import DocumentError
from medrwr.knowledge_base.content import Content, Stream

_DEEPEST = 64
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')
_QUOTE = ord('"')
_OTHER_BYTES = bytes(set(range(256)) - set(b'[]{}"'))


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


class _Shallow:
    """A stream of JSON, refused when it is nested too deeply: ijson's time grows with the square of the depth."""

    def __init__(self, stream: Stream, document_id: str) -> None:
        self._stream = stream
        self._document_id = document_id
        self._depth = 0
        self._in_string = False
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        text = self._rest + block
        whole = _ESCAPE.sub(b"", text)
        self._rest = whole[-1:] if block and whole.endswith(b"\\") else b""  # the other half comes with the next block
        marks = whole.translate(None, delete=_OTHER_BYTES)
        for mark in _STRING.sub(b"", b'"' * self._in_string + marks):
            if mark == _QUOTE:
                self._in_string = True  # what follows is the beginning of a string that goes on in the next block
                break
            self._depth += 1 if mark in b"[{" else -1
            if self._depth > _DEEPEST:
                raise DocumentError(f"document {self._document_id!r} is JSON of more than {_DEEPEST} levels: refused")
        else:
            self._in_string = False
        return block


def _stream(content: Content, start: Any) -> Iterator[Any]:
    from ijson.common import JSONError

    with content.stream() as stream:
        try:
            for record in start(_Shallow(stream.bounded(), content.document_id)):
                yield record
                stream.record_done()
        except (JSONError, ValueError, RecursionError) as error:
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
