"""A grid's answers as a file: seeds that were run on several machines are pooled from such files (M31)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from medrwr.errors import ConfigError
from medrwr.records import write_text_atomic
from pipelines.ablation.grid import Grid
from pipelines.ablation.results import Answers

RowAnswers = Mapping[str, Mapping[str, Answers]]
"""By row name and cell."""


def write_answers(path: Path, grid: Grid, answers: RowAnswers) -> None:
    """Each row's parameters and which of its answers are right."""
    rows = {
        row.name: {"overrides": dict(row.overrides), "cells": answers[row.name]}
        for row in grid.rows
        if row.name in answers
    }
    write_text_atomic(path, json.dumps({"grid": grid.name, "rows": rows}, separators=(",", ":")) + "\n")


def read_answers(path: Path, grid: Grid) -> dict[str, dict[str, Answers]]:
    """The answers to the grid's rows that `write_answers` wrote.

    Raises:
        ConfigError: there is no such file, or it is of another grid or of rows with other parameters.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        found, rows = told["grid"], told["rows"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"--answers {path}: {error!r}; expected a file reports/ablations/{grid.name}.answers.json"
        ) from error
    if found != grid.name:
        raise ConfigError(f"--answers {path} is of grid {found!r}, expected {grid.name!r}")
    known = {row.name: dict(row.overrides) for row in grid.rows}
    for name, row in rows.items():
        if name in known and row["overrides"] != known[name]:
            raise ConfigError(f"--answers {path}: row {name!r} was run with {row['overrides']}, not {known[name]}")
    return {
        name: {
            cell: {key: (fact, bool(right)) for key, (fact, right) in one.items()} for cell, one in row["cells"].items()
        }
        for name, row in rows.items()
        if name in known
    }


def join(parts: Iterable[RowAnswers]) -> dict[str, dict[str, Answers]]:
    """All answers together.

    Raises:
        ConfigError: one row has the same seed twice.
    """
    joined: dict[str, dict[str, dict[str, tuple[str, bool]]]] = {}
    for part in parts:
        for row, cells in part.items():
            for cell, answers in cells.items():
                whole = joined.setdefault(row, {}).setdefault(cell, {})
                if twice := whole.keys() & answers.keys():
                    seeds = ", ".join(map(str, sorted(seeds_of(twice))))
                    raise ConfigError(f"row {row!r} has seed {seeds} twice: leave it out of --seed or of --answers")
                whole |= answers
    return {row: dict(cells) for row, cells in joined.items()}


def seeds_of(keys: Iterable[str]) -> set[int]:
    """The seeds of such keys.

    >>> sorted(seeds_of(["7/q1", "8/q1", "7/q2"]))
    [7, 8]
    """
    return {int(key.partition("/")[0]) for key in keys}
