"""The ladder as JSON and as Markdown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from medrwr.evaluation.ladder import CELLS, Cell, Comparison, Ladder

CELL_LABELS = {
    "held_in_text": "held in, text",
    "held_in_image": "held in, image",
    "held_out_text": "held out, text",
    "held_out_image": "held out, image",
    "two_hop_text": "two hops, text",
    "two_hop_image": "two hops, image",
}

CHOICE_NOTE = (
    "An arm that writes what is no option scores nothing, however it leans: here its most probable letter counts. "
    "This is not the score, but the fair size of what retrieval adds."
)


def measured_cells(ladder: Ladder) -> list[str]:
    """Cells that at least one rung has, in their usual order."""
    return [cell for cell in CELLS if any(ladder.cell(rung.name, cell) for rung in ladder.rungs)]


def ladder_json(ladder: Ladder) -> dict[str, Any]:
    """All numbers of the ladder: rungs with scores and intervals, comparisons, chance."""
    return {
        "confidence_level": ladder.level,
        "chance": dict(ladder.chance),
        "rungs": [
            {
                "name": rung.name,
                "label": rung.label,
                "cells": {
                    cell: asdict(ladder.cells[rung.name][cell]) for cell in CELLS if ladder.cell(rung.name, cell)
                },
            }
            for rung in ladder.rungs
        ],
        "comparisons": [
            {
                "cell": item.cell,
                "first": item.first,
                "second": item.second,
                **asdict(item.difference),
                "holm_p": item.holm_p,
            }
            for item in ladder.comparisons
        ],
    }


def ladder_markdown(ladder: Ladder) -> str:
    """Two tables: accuracies with their intervals, and paired differences."""
    cells = measured_cells(ladder)
    percent = f"{ladder.level:.0%}"
    lines = [
        f"| rung | {' | '.join(CELL_LABELS[cell] for cell in cells)} |",
        f"| --- |{' --- |' * len(cells)}",
        f"| chance | {' | '.join(f'{ladder.chance[cell]:.1%}' if cell in ladder.chance else '-' for cell in cells)} |",
    ]
    for rung in ladder.rungs:
        shown = " | ".join(accuracy_text(ladder.cell(rung.name, cell)) for cell in cells)
        lines.append(f"| {rung.label} | {shown} |")
    lines += [
        "",
        f"Greedy accuracy, {percent} interval (bootstrap over facts), questions. An unparsed answer is wrong.",
        "",
        f"| pair | cell | second - first [{percent}] | gained / lost | exact McNemar p | permutation p | Holm p |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {label} | {CELL_LABELS[item.cell]} | {difference_text(item)} | "
        f"{item.difference.gained} / {item.difference.lost} | {p_text(item.difference.mcnemar_p)} | "
        f"{p_text(item.difference.permutation_p)} | {p_text(item.holm_p)} |"
        for item in ladder.comparisons
        for label in [pair_text(ladder, item)]
    ]
    return "\n".join(lines) + "\n"


def pair_text(ladder: Ladder, item: Comparison) -> str:
    """'Text stage -> Image stage'."""
    labels = {rung.name: rung.label for rung in ladder.rungs}
    return f"{labels[item.first]} -> {labels[item.second]}"


def accuracy_text(cell: Cell | None) -> str:
    """'74.0% [69.5, 78.2] n=400', or '-' where nothing was measured."""
    if cell is None:
        return "-"
    interval = cell.accuracy
    return f"{interval.estimate:.1%} [{100 * interval.lower:.1f}, {100 * interval.upper:.1f}] n={interval.questions}"


def difference_text(item: Comparison) -> str:
    """'+12.5 [+8.0, +17.0] points'."""
    interval = item.difference.interval
    return f"{100 * interval.estimate:+.1f} [{100 * interval.lower:+.1f}, {100 * interval.upper:+.1f}] points"


def p_text(p: float) -> str:
    """A p value for people: three digits, or '< .001'."""
    return "< .001" if p < 0.001 else f"{p:.3f}"
