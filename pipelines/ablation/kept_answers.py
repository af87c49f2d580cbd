"""A grid's answers as a file: seeds that were run on several machines are pooled from such files (M31)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from medrwr.errors import ConfigError
from medrwr.records import write_text_atomic
from pipelines.ablation.grid import Grid
from pipelines.ablation.results import Answers

_UNASKED = "-"
RowAnswers = Mapping[str, Mapping[str, Answers]]
"""By row name and cell."""


def write_answers(path: Path, grid: Grid, answers: RowAnswers) -> None:
    """Each row's parameters, and a character a question: 1 right, 0 wrong, - not asked."""
    cells = sorted({cell for by_cell in answers.values() for cell in by_cell})
    questions = {cell: _questions(answers, cell) for cell in cells}
    rows = {
        row.name: {
            "overrides": dict(row.overrides),
            "cells": {cell: _marks(answers[row.name].get(cell, {}), questions[cell]) for cell in cells},
        }
        for row in grid.rows
        if row.name in answers
    }
    told = {"grid": grid.name, "questions": {cell: list(found.items()) for cell, found in questions.items()}}
    write_text_atomic(path, json.dumps({**told, "rows": rows}, separators=(",", ":")) + "\n")


def _questions(answers: RowAnswers, cell: str) -> dict[str, str]:
    """The facts of all questions that any row answered, by 'seed/question id'."""
    found = {key: fact for cells in answers.values() for key, (fact, _) in cells.get(cell, {}).items()}
    return dict(sorted(found.items()))


def _marks(answers: Answers, questions: Iterable[str]) -> str:
    return "".join(str(int(answers[key][1])) if key in answers else _UNASKED for key in questions)


def read_answers(path: Path, grid: Grid) -> dict[str, dict[str, Answers]]:
    """The answers to the grid's rows that `write_answers` wrote.

    Raises:
        ConfigError: there is no such file, or it is of another grid or of rows with other parameters.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        found, questions, rows = told["grid"], told["questions"], told["rows"]
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
        name: {cell: _answers(marks, questions[cell]) for cell, marks in row["cells"].items() if marks.strip(_UNASKED)}
        for name, row in rows.items()
        if name in known
    }


def _answers(marks: str, questions: Iterable[tuple[str, str]]) -> Answers:
    return {key: (fact, mark == "1") for (key, fact), mark in zip(questions, marks, strict=True) if mark != _UNASKED}


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
