"""Rows of a published data set as they were published: JSON lines, a JSON array, or parquet; told by content.

A row that is damaged, repeated or no record goes to quarantine with its place; the others are kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from medrwr.errors import ArtefactError, RecordError
from medrwr.types import Quarantined

SPLITS = {
    "train": ("train",),
    "validation": ("validation", "dev", "valid", "val"),
    "test": ("test",),
}
_SUFFIXES = (".json", ".jsonl", ".parquet")
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Row:
    """`place` is "file:number", from 1. `values` is None for a damaged row: `reason` says why."""

    place: str
    values: Mapping[str, Any] | None
    reason: str = ""


def split_files(path: Path, split: str) -> list[Path]:
    """`path` itself when it is a file, else the data files below it that are named for the split ("dev.json").

    Raises:
        ArtefactError: there is none.
    """
    if path.is_file():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    named = [file for file in files if set(_words(file.name)) & set(SPLITS[split])]
    if not named:
        there = ", ".join(file.name for file in files[:5]) or "no data file"
        raise ArtefactError(f"{path} has no {'/'.join(SPLITS[split])} file (there: {there}): name the file itself")
    return named


def read_rows(files: Iterable[Path]) -> Iterator[Row]:
    """All rows of the files. Of a file that breaks off, the rows before the damage and one row with the reason."""
    for file in files:
        with file.open("rb") as stream:
            head = stream.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
        rows = _parquet(file) if head.startswith(b"PAR1") else _array(file) if head.startswith(b"[") else _lines(file)
        number = 0
        for number, value in enumerate(rows, start=1):
            broken = isinstance(value, Exception)
            reason = f"cannot be read ({value}): fetch the data set again" if broken else "is no object"
            record = isinstance(value, Mapping)
            yield Row(f"{file.name}:{number}", value if record else None, "" if record else reason)


def sort_out(
    rows: Iterable[Row], source: str, make: Callable[[Row, Mapping[str, Any]], Mapping[str, Record]]
) -> tuple[list[Record], list[Quarantined]]:
    """What `make` gives for each row, by id; rows on which it raises RecordError, or whose id was there, and why.

    Raises:
        ArtefactError: no row is usable.
    """
    kept: dict[str, Record] = {}
    refused: list[Quarantined] = []
    for row in rows:
        try:
            made = make(row, row.values) if row.values is not None else {}
            repeated = [name for name in made if name in kept]
            reason = f"repeats {', '.join(repeated)}" if repeated else row.reason
        except RecordError as error:
            made, reason = {}, str(error)
        if reason:
            refused.append(Quarantined(row.place, source, reason))
        else:
            kept.update(made)
    if not kept:
        first = f"; {refused[0].record_id} {refused[0].reason}" if refused else ""
        raise ArtefactError(f"data set {source!r} holds no usable record ({len(refused)} refused{first})")
    return list(kept.values()), refused


def text_of(values: Mapping[str, Any], name: str) -> str:
    """A field's text without blanks around it; "" where it is absent, null or no text."""
    value = values.get(name)
    return value.strip() if isinstance(value, str) else ""


def _words(name: str) -> Sequence[str]:
    return "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()


def _lines(file: Path) -> Iterator[Any]:
    with file.open("rb") as stream:
        for line in stream:
            if line.strip(b"\xef\xbb\xbf \t\r\n"):
                try:
                    yield json.loads(line.lstrip(b"\xef\xbb\xbf"))
                except (ValueError, RecursionError) as error:
                    yield error


def _array(file: Path) -> Iterator[Any]:
    import ijson

    with file.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        try:
            yield from ijson.items(stream, "item", use_float=True)
        except (ijson.JSONError, ValueError, RecursionError) as error:
            yield error


def _parquet(file: Path) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        for batch in parquet.ParquetFile(file).iter_batches(batch_size=1000):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        yield error
