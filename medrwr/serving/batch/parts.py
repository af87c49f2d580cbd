"""The result in pieces beside the output until all are there: each is whole or absent, whenever the run is killed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from medrwr.errors import ArtefactError
from medrwr.records import write_records, write_text_atomic
from medrwr.types import Quarantined

_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("id", _TEXT),
        ("question", _TEXT),
        ("letter", _TEXT),
        ("answer", _TEXT),
        ("confidence", pa.float64()),
        ("calibrated", pa.bool_()),
        ("abstained", pa.bool_()),
        ("reretrieved", pa.bool_()),
        ("stop_reason", _TEXT),
        ("option_probs", pa.list_(pa.float64())),
        ("queries", _TEXTS),
        ("sources", _TEXTS),
        ("similar_cases", _TEXTS),
        ("trajectory", _TEXT),
        ("model", _TEXT),
    ]
)
REASON = "reason"  # a column of parts alone: why a row is in quarantine
_PART_SCHEMA = SCHEMA.append(pa.field(REASON, _TEXT))
_CLAIM_KEY = b"medrwr.predict"


class Parts:
    """The pieces of one run. `claim` says what it scores and by what: pieces of another run are not continued."""

    def __init__(self, output: Path, claim: Mapping[str, Any]) -> None:
        self.output = output
        self.quarantine = output.with_name(f"{output.stem}.quarantine.jsonl")
        self.folder = output.with_name(f"{output.name}.parts")
        self._claim = json.dumps(claim, sort_keys=True)

    @property
    def finished(self) -> bool:
        """The output is there, and of this very run."""
        return self.output.exists() and not self.folder.exists() and self._claim_of_output() == self._claim

    def begin(self) -> None:
        """Claim the folder, or find it claimed by this run.

        Raises:
            ArtefactError: the output, or the pieces beside it, are of another run.
        """
        claimed = self.folder / "run.json"
        if self.output.exists() and not claimed.is_file():
            raise ArtefactError(f"{self.output} holds other results: remove it, or name another --output")
        if claimed.is_file() and claimed.read_text(encoding="utf-8") != self._claim:
            raise ArtefactError(
                f"{self.folder} holds pieces of a run over another input or by another model: finish that run, remove "
                "the folder, or name another --output"
            )
        write_text_atomic(claimed, self._claim)

    def has(self, number: int) -> bool:
        """The piece is whole."""
        return self._path(number).is_file()

    def write(self, number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write one piece; it appears as a whole."""
        temporary = self._path(number).with_suffix(".tmp")
        pq.write_table(pa.Table.from_pylist(list(rows), schema=_PART_SCHEMA), temporary)
        temporary.replace(self._path(number))

    def quarantined(self, number: int) -> int:
        """How many rows of a piece are in quarantine."""
        reasons = pq.read_table(self._path(number), columns=[REASON])[REASON]
        return int(len(reasons) - reasons.null_count)

    def join(self, count: int) -> None:
        """Make one Parquet file and the quarantine of the pieces 0 to `count` - 1; then the pieces go."""
        temporary = self.output.with_name(self.output.name + ".tmp")
        schema = SCHEMA.with_metadata({_CLAIM_KEY: self._claim.encode()})
        bad: list[Quarantined] = []
        with pq.ParquetWriter(temporary, schema) as writer:
            for number in range(count):
                piece = pq.read_table(self._path(number))
                writer.write_table(piece.filter(pa.compute.is_null(piece[REASON])).drop_columns([REASON]).cast(schema))
                refused = piece.filter(pa.compute.is_valid(piece[REASON])).select(["row", "id", REASON]).to_pylist()
                bad += [Quarantined(one["id"], f"row {one['row']}", one[REASON]) for one in refused]
        write_records(self.quarantine, bad)
        temporary.replace(self.output)
        shutil.rmtree(self.folder)

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:06d}.parquet"

    def _claim_of_output(self) -> str:
        try:
            metadata = pq.read_schema(self.output).metadata or {}
        except (OSError, pa.ArrowException):
            return ""
        return bytes(metadata.get(_CLAIM_KEY, b"")).decode()
