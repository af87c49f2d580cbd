"""What a grid is: rows that differ in parameters, or in which rung of the ladder is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.rungs import FINAL
from pipelines.second_looks import CDIR

Overrides = Mapping[str, Any]
"""Parameter by its dotted name -> value; None deletes the parameter."""

MM, MMMU, PRO, EC = "MedXpertQA-MM", "MMMU-H&M", "MMMU-Pro 10", "ECBench"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: for experiments and files: lower case, dashes.
        label: for people.
        overrides: what differs from params.yaml. Rows with equal overrides share one experiment.
        rung: which rung of the evaluation ladder is read.
        paper: the paper's figures of this row, in per cent, by benchmark; empty where it has none.
    """

    name: str
    label: str
    overrides: Overrides = field(default_factory=dict)
    rung: str = FINAL
    paper: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: `reference` names the row that the others are compared with.

    `confidences` adds what second looks did to the confidence of the questions asked again, `judged` the scores of the
    reference's reasoning.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    reference: str
    note: str = ""
    confidences: bool = False
    judged: bool = False


def four(mm: float, mmmu: float, pro: float, ec: float) -> dict[str, float]:
    """The paper's figures on its four benchmarks."""
    return {MM: mm, MMMU: mmmu, PRO: pro, EC: ec}


FULL = Row("full", "Med-RwR", paper=four(27.2, 65.5, 43.7, 51.1))
FULL_CDIR = Row("full-cdir", "Med-RwR + CDIR", rung=CDIR, paper=four(27.5, 66.2, 44.1, 51.9))
