"""calibration.json: the one record that evaluation and serving read (M27)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from medrwr.digests import file_digest, folder_digest
from medrwr.errors import ArtefactError, DigestError
from medrwr.records import write_text_atomic

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 of what the calibration holds for; another model or another index needs another calibration."""

    model: str
    index: str
    case_index: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """How to read a confidence, and when to ask again: what `medrwr.rollout.cdir.CdirRule` needs, and how good it is.

    `threshold` applies to the calibrated confidence: an answer below it is re-retrieved with `similar_cases` cases,
    and may ask the knowledge base `queries` times more.
    Errors and areas are in [0, 1], None where no answer could be parsed; `auroc` is None also when all answers were
    right, or all wrong.
    """

    temperature: float
    threshold: float
    method: str
    digests: Digests
    answers: int = 0
    unparsed: int = 0
    similar_cases: int = 1
    queries: int = 0
    arbitration: Literal["confident", "new"] = "confident"
    ece_before: float | None = None
    ece_after: float | None = None
    auroc: float | None = None
    risk_coverage_area: float | None = None
    accuracy_without: float = 0.0
    accuracy_with: float = 0.0
    share: float = 0.0
    notes: tuple[str, ...] = ()
    schema: int = SCHEMA


def digests_of(model: Path, index_manifest: Path, case_index_manifest: Path) -> Digests:
    """Digest a checkpoint folder and the manifests of both indexes.

    Raises:
        ArtefactError: one of them is missing.
    """
    return Digests(folder_digest(model), file_digest(index_manifest), file_digest(case_index_manifest))


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write calibration.json; the same record gives the same bytes."""
    write_text_atomic(path, json.dumps(asdict(calibration), indent=2, ensure_ascii=False) + "\n")


def read_calibration(path: Path, *, expected: Digests | None = None) -> Calibration:
    """Read calibration.json, and check that it was made for what is in use.

    Raises:
        ArtefactError: missing, damaged, or of another schema.
        DigestError: made for another model, index or case index than `expected`.
    """
    if not path.is_file():
        raise ArtefactError(f"{path} does not exist: run `dvc repro calibrate`")
    try:
        calibration = TypeAdapter(Calibration).validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ArtefactError(f"{path} is no calibration ({reason}): run `dvc repro calibrate`") from None
    if calibration.schema != SCHEMA:
        raise ArtefactError(f"{path} has schema {calibration.schema}, expected {SCHEMA}: run `dvc repro calibrate`")
    if expected is not None:
        _compare(path, asdict(calibration.digests), asdict(expected))
    return calibration


def _compare(path: Path, recorded: Mapping[str, str], expected: Mapping[str, str]) -> None:
    for part in (field.name for field in fields(Digests)):
        if recorded[part] != expected[part]:
            raise DigestError(
                f"{path} was made for {part} {recorded[part][:12]}, in use is {expected[part][:12]}: "
                "run `dvc repro calibrate`"
            )
