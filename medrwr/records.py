"""JSON lines of the records in `medrwr.types`: one bad line is quarantined, the others are kept."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Iterable
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from medrwr.errors import ArtefactError, RecordError
from medrwr.types import Quarantined

Record = TypeVar("Record")
_PLAIN = (str, int, float, type(None))


def _encode(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"cannot write a {type(value).__name__} to JSON")


def to_line(record: Any) -> str:
    """One record as compact JSON with its fields in order: the same record gives the same bytes."""
    values = {name: getattr(record, name) for name in _names(record.__class__)}
    if not all(isinstance(value, _PLAIN) for value in values.values()):
        values = dataclasses.asdict(record)  # copies deeply, which is ten times as slow
    for name in _omitted_when_empty(record.__class__):
        if not values[name]:
            del values[name]
    return json.dumps(values, ensure_ascii=False, default=_encode, separators=(",", ":"))


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cast(Any, kind)))


@cache
def _omitted_when_empty(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cast(Any, kind)) if field.metadata.get("omit_empty"))


def write_text_atomic(path: Path, text: str) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_records(path: Path, records: Iterable[Any]) -> int:
    """Write records as JSON lines; returns how many."""
    lines = [to_line(record) for record in records]
    write_text_atomic(path, "".join(line + "\n" for line in lines))
    return len(lines)


def read_records(path: Path, kind: type[Record]) -> tuple[list[Record], list[Quarantined]]:
    """Read JSON lines of `kind`; lines that do not fit come back as quarantined, with the reason.

    Raises:
        ArtefactError: the file does not exist.
    """
    if not path.is_file():
        raise ArtefactError(f"{path} does not exist: run the stage that writes it (`dvc repro`)")
    adapter = TypeAdapter(kind)
    records: list[Record] = []
    bad: list[Quarantined] = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                records.append(adapter.validate_json(line))
            except RecordError as error:
                bad.append(Quarantined(f"{path.name}:{number}", str(path.name), str(error)))
            except ValidationError as error:
                first = error.errors()[0]
                reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
                bad.append(Quarantined(f"{path.name}:{number}", str(path.name), reason))
    return records, bad
