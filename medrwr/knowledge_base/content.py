"""One file as readers see it: opened within bounds, decoded strictly, gzip undone.

Whole-file formats get at most `LARGEST_BYTES` of text. Formats of many records are streamed; what is bounded there is
the way from one record to the next (`Stream`), so that a file may be larger than memory and a bomb may not.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from medrwr.errors import DocumentError

LARGEST_BYTES = 32 * 2**20
LARGEST_RECORD = 8 * 2**20
LARGEST_TEXT = 4 * 2**20  # characters of one document: a long textbook
HEAD_BYTES = 2**16
_LARGEST_RATIO = 200  # PubMed's files shrink about tenfold; zeros shrink a thousandfold
_GZIP = b"\x1f\x8b"
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_DECLARED = re.compile(
    rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})"""
    rb"""|<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})""",
    re.IGNORECASE,
)
_TRUSTED = re.compile(r"utf-?8|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?1|windows-125\d|cp125\d|utf-?16", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


class Content:
    """One file of a source.

    Raises:
        DocumentError: missing, unreadable, or empty.
    """

    def __init__(self, path: Path, document_id: str) -> None:
        self.path = path
        self.document_id = document_id
        try:
            self.size = path.stat().st_size
            with path.open("rb") as stream:
                start = stream.read(HEAD_BYTES)
        except FileNotFoundError:
            raise DocumentError(f"document {document_id!r} is missing: {path.name} points to no file") from None
        except OSError as error:
            raise DocumentError(f"document {document_id!r} cannot be read: {error.strerror}") from None
        self.zipped = start.startswith(_GZIP)
        if self.zipped:
            with self.stream() as unpacked:
                start = unpacked.read(HEAD_BYTES)
        if not start.strip() and self.size <= HEAD_BYTES:
            raise DocumentError(f"document {document_id!r} is empty ({self.size} bytes)")
        self.start = start
        self.head = start.decode(_byte_order(start) or "utf-8", errors="replace").lstrip("\ufeff")

    @property
    def name(self) -> str:
        """The file's name in lower case, without the `.gz` that unpacking takes away."""
        name = self.path.name.lower()
        return name.removesuffix(".gz") if self.zipped else name

    def stream(self) -> Stream:
        """The unpacked bytes from the start, with an account of how far the last record is behind."""
        return Stream(self.path, self.document_id, zipped=self.zipped)

    def prose(self) -> str:
        """As `text`, of a format that is mostly prose.

        Raises:
            DocumentError: as `text`, or longer than any document.
        """
        text = self.text()
        if len(text) > LARGEST_TEXT:
            self._refuse_size(len(text), LARGEST_TEXT)
        return text

    def text(self) -> str:
        """The whole text.

        Raises:
            DocumentError: too large, not in the encoding it declares (UTF-8 when it declares none), or not text.
        """
        if self.size > LARGEST_BYTES:
            self._refuse_size(self.size)
        with self.stream() as stream:
            content = stream.read_at_most(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            self._refuse_size(len(content))
        text = self._decode(content)
        if found := _CONTROL.search(text):
            raise DocumentError(
                f"document {self.document_id!r} has a control character at {found.start()}: it is not text"
            )
        return text

    def _decode(self, content: bytes) -> str:
        encoding = _byte_order(content) or self._declared(content) or "utf-8"
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            kind = (
                "truncated inside a character"
                if error.reason == "unexpected end of data"
                else f"not {encoding.upper()}"
            )
            raise DocumentError(
                f"document {self.document_id!r} is {kind} (byte {error.start}, {error.reason}): save it again as UTF-8"
            ) from None
        except UnicodeError as error:
            raise DocumentError(f"document {self.document_id!r} is not {encoding}: {error}") from None

    def _declared(self, content: bytes) -> str:
        """The encoding that an XML declaration or an HTML `meta` names."""
        found = _DECLARED.search(content[:2048])
        if not found:
            return ""
        name = (found[1] or found[2]).decode("ascii")
        if not _TRUSTED.fullmatch(name):
            raise DocumentError(f"document {self.document_id!r} declares the encoding {name!r}: save it again as UTF-8")
        # Bytes that could be matched as ASCII are not UTF-16, whatever they declare.
        return "utf-8" if name.lower().startswith("utf") else name

    def _refuse_size(self, size: int, largest: int = LARGEST_BYTES) -> None:
        raise DocumentError(f"document {self.document_id!r} has {size} bytes, at most {largest} are read: split it")


class Stream:
    """Bytes of a file, unpacked; refuses to read on when no record has been completed for `LARGEST_RECORD` bytes."""

    def __init__(self, path: Path, document_id: str, *, zipped: bool) -> None:
        self._document_id = document_id
        self._file: BinaryIO = path.open("rb")
        self._packed = path.stat().st_size if zipped else 0
        self._source: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=self._file) if zipped else self._file
        self._read = 0
        self._limit: int | None = None

    def bounded(self) -> Stream:
        """From now on each record, ended by `record_done`, must fit into `LARGEST_RECORD`."""
        self.record_done()
        return self

    def record_done(self) -> None:
        self._limit = self._read + LARGEST_RECORD

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes; never all at once."""
        if self._limit is not None and self._read > self._limit:
            raise DocumentError(
                f"document {self._document_id!r} has a record of more than {LARGEST_RECORD} bytes at byte {self._read}"
            )
        try:
            block = self._source.read(HEAD_BYTES if size is None or size < 0 else min(size, LARGEST_BYTES))
        except (OSError, EOFError, zlib.error) as error:
            raise DocumentError(f"document {self._document_id!r} is damaged after byte {self._read}: {error}") from None
        self._read += len(block)
        if self._packed and self._read > max(LARGEST_BYTES, _LARGEST_RATIO * self._packed):
            raise DocumentError(
                f"document {self._document_id!r} unpacks to more than {_LARGEST_RATIO} times its size: refused"
            )
        return block

    def read_at_most(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end."""
        blocks: list[bytes] = []
        left = size
        while left > 0 and (block := self.read(min(left, 2**20))):
            blocks.append(block)
            left -= len(block)
        return b"".join(blocks)

    def lines(self) -> Iterator[bytes | None]:
        """Lines without their ends; None stands for one of more than `LARGEST_RECORD` bytes."""
        rest, skipping = b"", False
        while block := self.read(2**18):
            *whole, tail = block.split(b"\n")
            for line in whole:
                yield None if skipping else (rest + line).rstrip(b"\r")
                rest, skipping = b"", False
            rest = b"" if skipping else rest + tail
            skipping = skipping or len(rest) > LARGEST_RECORD
            rest = b"" if skipping else rest
        if rest or skipping:
            yield None if skipping else rest.rstrip(b"\r")

    def close(self) -> None:
        self._source.close()
        self._file.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _byte_order(start: bytes) -> str:
    return next((encoding for mark, encoding in _BOMS if start.startswith(mark)), "")
