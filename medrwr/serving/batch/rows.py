"""What is to be scored: rows of JSON lines, CSV or Parquet, or the images of a folder; a bad row has a reason."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrwr.digests import file_digest
from medrwr.errors import ConfigError, QuestionError
from medrwr.serving.asking import Ask

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".dcm", ".dicom"})
TABLES = frozenset({".jsonl", ".csv", ".parquet"})
_LONGEST_CELL = 64 << 20  # characters: an image as base64


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the input, counted from 0; without an `ask` it cannot be scored, for `reason`."""

    number: int
    row_id: str
    ask: Ask | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A table, or a folder of images that are all asked `question` with `options`; `images`: root of their paths."""

    path: Path
    images: Path
    question: str = ""
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.path.is_dir():
            if not self.question or not self.options:
                raise ConfigError(f"{self.path} is a folder: give --question and --option for its images")
            if not self.files():
                raise ConfigError(f"{self.path} holds no image, expected one of {', '.join(sorted(IMAGES))}")
        elif not self.path.is_file():
            raise ConfigError(f"{self.path} does not exist: give a table ({', '.join(sorted(TABLES))}) or a folder")
        elif self.path.suffix.lower() not in TABLES:
            raise ConfigError(f"{self.path} is of no known kind, expected one of {', '.join(sorted(TABLES))}")

    def files(self) -> list[Path]:
        """The images of the folder, in order."""
        return sorted(file for file in self.path.rglob("*") if file.suffix.lower() in IMAGES and file.is_file())

    def rows(self) -> Iterator[Row]:
        """All rows, in order."""
        if self.path.is_dir():
            for number, file in enumerate(self.files()):
                name = file.relative_to(self.path).as_posix()
                yield Row(number, name, Ask(self.question, self.options, str(file)))
            return
        for number, values in enumerate(_records(self.path)):
            yield _row(number, values, self.images)

    def digest(self) -> str:
        """SHA-256 of what is read: the table, or the folder's images and their names."""
        if not self.path.is_dir():
            return file_digest(self.path)
        named = (f"{file.relative_to(self.path).as_posix()}\0{file_digest(file)}\n" for file in self.files())
        return hashlib.sha256("".join(named).encode()).hexdigest()

    def count(self) -> int:
        """How many rows there are."""
        if self.path.is_dir():
            return len(self.files())
        return sum(1 for _ in _records(self.path, columns=["question"]))


def _records(path: Path, columns: list[str] | None = None) -> Iterator[Mapping[str, Any] | str]:
    """Rows as mappings; a text is what is wrong with a row. `columns`: no others are needed (Parquet)."""
    kind = path.suffix.lower()
    if kind == ".parquet":
        yield from _parquet_records(path, columns)
    elif kind == ".csv":
        csv.field_size_limit(_LONGEST_CELL)
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            yield from csv.DictReader(line.replace("\0", "") for line in stream)
    else:
        with path.open("rb") as lines:
            yield from (_json_record(line) for line in lines if line.strip())


def _parquet_records(path: Path, columns: list[str] | None) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            wanted = None if columns is None else [name for name in columns if name in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=256, columns=wanted):
                yield from batch.to_pylist() if batch.num_columns else itertools.repeat({}, batch.num_rows)
    except pa.ArrowException as error:
        raise ConfigError(f"{path} is no Parquet file ({error}): give another") from None


def _json_record(line: bytes) -> Mapping[str, Any] | str:
    try:
        values = json.loads(line)
    except ValueError as error:
        return f"the line is no JSON ({error})"
    return values if isinstance(values, dict) else "the line is no JSON object"


def _row(number: int, values: Mapping[str, Any] | str, images: Path) -> Row:
    if isinstance(values, str):
        return Row(number, str(number), None, values)
    row_id = str(_first(values, "id", "question_id") or number)
    try:
        return Row(number, row_id, _ask(values, images))
    except QuestionError as error:
        return Row(number, row_id, None, str(error))


def _ask(values: Mapping[str, Any], images: Path) -> Ask:
    question = _first(values, "question", "text")
    if not isinstance(question, str) or not question.strip():
        raise QuestionError("there is no question: fill in the column `question`")
    query = values.get("query")
    return Ask(question, _options(values.get("options")), _image(values, images), str(query) if query else None)


def _options(value: Any) -> tuple[str, ...]:
    """A list, JSON of a list, or texts with | between them."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else value.split("|")
        except ValueError:
            raise QuestionError(f"options {value[:80]!r} are no JSON list: write them as a|b|c") from None
    if not isinstance(value, list) or not all(isinstance(option, str) for option in value):
        raise QuestionError("there are no options: fill in the column `options`, as a list or as a|b|c")
    return tuple(option.strip() for option in value)


def _image(values: Mapping[str, Any], images: Path) -> str | bytes | None:
    value = values.get("image")
    if value is None and isinstance(values.get("images"), list) and values["images"]:
        value = values["images"][0]
    if isinstance(value, str) and value and len(value) < 4096 and (images / value).is_file():
        return str(images / value)
    return value if isinstance(value, str | bytes) and value else None


def _first(values: Mapping[str, Any], *names: str) -> Any:
    return next((values[name] for name in names if values.get(name) not in (None, "")), None)
