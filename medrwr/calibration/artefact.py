"""calibration.json: the one record that evaluation and serving read (M27)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from medrwr.calibration.certified import Certificate
from medrwr.digests import file_digest, folder_digest
from medrwr.errors import ArtefactError, DigestError
from medrwr.records import write_text_atomic
from medrwr.rollout.confidence import ConfidenceMap, ConfidenceScale
from medrwr.types import Trajectory

SCHEMA = 2
_READ = (1, 2)  # 1 knew one temperature and no scales


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 of what the calibration holds for; another model or another index needs another calibration."""

    model: str
    index: str
    case_index: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """How to read a confidence, and when to ask again: what `medrwr.rollout.cdir.CdirRule` needs, and how good it is.

    Read confidences by `confidence_scale`; `temperature` is what temperature scaling alone would use, and what a file
    of schema 1 holds. `second_scale` is that of second answers, None: the same. `certificate` says what the
    threshold promises, None: nothing.

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
    scale: ConfidenceScale | None = None
    second_scale: ConfidenceScale | None = None
    certificate: Certificate | None = None
    schema: int = SCHEMA

    @property
    def confidence_scale(self) -> ConfidenceScale:
        """The fitted scale; in a file of schema 1 its temperature."""
        return self.scale or ConfidenceScale(ConfidenceMap(temperature=self.temperature))

    def unseen(self, option_counts: Iterable[int]) -> tuple[int, ...]:
        """Numbers of options that calibration did not see: the pooled map reads them. () where none is known."""
        known = self.confidence_scale.by_options
        return tuple(sorted({count for count in option_counts if known and count not in known}))

    def scale_of(self, trajectory: Trajectory) -> ConfidenceScale:
        """The scale for an answer: second answers may have one of their own."""
        second = trajectory.extras.get("cdir", {}).get("chosen") == "second"
        return self.second_scale if second and self.second_scale else self.confidence_scale


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
    if calibration.schema not in _READ:
        known = " or ".join(map(str, _READ))
        raise ArtefactError(f"{path} has schema {calibration.schema}, expected {known}: run `dvc repro calibrate`")
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
