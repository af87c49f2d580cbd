"""What `evaluate` leaves: results, report, examples, one row a question, plots, and a table on the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from medrwr.evaluation.case_scaling import scaling_charts
from medrwr.evaluation.ladder import Ladder
from medrwr.evaluation.report import render_report
from medrwr.evaluation.results import (
    CELL_LABELS,
    CHOICE_NOTE,
    accuracy_text,
    ladder_json,
    ladder_markdown,
    measured_cells,
)
from medrwr.evaluation.scorer import Verdict
from medrwr.evaluation.sections import sections_markdown
from medrwr.evaluation.taxonomy import failure_of
from medrwr.records import write_records, write_text_atomic
from pipelines.evaluation_report import examples_of, report_of
from pipelines.failures import failure_table
from pipelines.findings import Findings, findings_json, resampling_of, sections_of
from pipelines.measures import Confidence, Evaluated, confidence_of
from pipelines.paper_table import paper_section
from pipelines.plotdata import reliability_rows, risk_coverage_rows, write_csv
from pipelines.rungs import rule_of
from pipelines.second_looks import lines_of
from pipelines.stage import StageContext

STAGE = "evaluate"


@dataclass(frozen=True, slots=True)
class Judged:
    """A line of per_question.jsonl; `failure` is why the answer is wrong (M32), '' where it is right."""

    rung: str
    cell: str
    verdict: Verdict
    failure: str = ""


def write_outputs(
    context: StageContext, evaluated: Evaluated, metrics: Mapping[str, float], findings: Findings
) -> None:
    """reports/evaluation/* and plots/evaluate/*."""
    folder, confidence = context.paths.evaluation, confidence_of(evaluated)
    examples = examples_of(evaluated)
    results = {**ladder_json(evaluated.ladder), "by_most_probable_option": ladder_json(evaluated.choices)}
    write_text_atomic(folder / "ladder.json", json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    choices = (
        f"## Every answer read as its most probable option\n\n{CHOICE_NOTE}\n\n{ladder_markdown(evaluated.choices)}"
    )
    sections = (paper_section(evaluated.ladder), *sections_of(evaluated, findings, resampling_of(context.params)))
    found = sections_markdown(sections)
    write_text_atomic(folder / "ladder.md", f"{ladder_markdown(evaluated.ladder)}\n{choices}\n{found}")
    write_text_atomic(folder / "findings.json", json.dumps(findings_json(findings), indent=1) + "\n")
    write_records(folder / "examples.jsonl", examples)
    write_records(folder / "per_question.jsonl", _judged(evaluated))
    write_records(
        folder / "second_looks.jsonl", lines_of(evaluated.cells, evaluated.looks, rule_of(evaluated.calibration))
    )
    report = report_of(context, evaluated, metrics, examples, sections, scaling_charts(findings.scaling))
    write_text_atomic(folder / "report.html", render_report(report))
    _write_plots(context, evaluated, confidence)
    write_csv(context.paths.plots(STAGE) / "failures.csv", failure_table(findings.failures))


def print_ladder(ladder: Ladder) -> None:
    """The ladder as a table on stdout."""
    from rich.console import Console
    from rich.table import Table

    cells = measured_cells(ladder)
    table = Table(title=f"Greedy accuracy, {ladder.level:.0%} intervals over facts", show_lines=False)
    table.add_column("rung")
    for cell in cells:
        table.add_column(CELL_LABELS[cell])
    table.add_row("chance", *(f"{ladder.chance[cell]:.1%}" for cell in cells))
    for rung in ladder.rungs:
        table.add_row(rung.label, *(accuracy_text(ladder.cell(rung.name, cell)).replace("[", r"\[") for cell in cells))
    console = Console(width=max(160, Console().width), highlight=False)
    console.print(table)


def _judged(evaluated: Evaluated) -> Iterator[Judged]:
    for rung, by_cell in evaluated.verdicts.items():
        for cell, verdicts in by_cell.items():
            played = zip(evaluated.cells[cell], evaluated.played[rung][cell], verdicts, strict=False)
            for question, trajectory, verdict in played:
                kind = failure_of(question, trajectory, verdict)
                yield Judged(rung, cell, verdict, kind.value if kind else "")


def _write_plots(context: StageContext, evaluated: Evaluated, confidence: Confidence | None) -> None:
    folder, ladder = context.paths.plots(STAGE), evaluated.ladder
    rows: list[dict[str, object]] = []
    for step, rung in enumerate(ladder.rungs):
        found = {cell: ladder.cell(rung.name, cell) for cell in measured_cells(ladder)}
        accuracies = {cell: None if one is None else one.accuracy.estimate for cell, one in found.items()}
        rows.append({"rung": rung.name, "step": step, **accuracies})
    write_csv(folder / "ladder.csv", rows)
    if confidence is not None:
        write_csv(folder / "reliability.csv", reliability_rows(confidence.raw, confidence.calibrated))
        write_csv(folder / "risk_coverage.csv", risk_coverage_rows(confidence.curve))
