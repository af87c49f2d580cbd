"""The report: one self-contained HTML page with ladder, paired differences, calibration plots and worked examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from medrwr.evaluation.case_browser import SCRIPT, browser_html
from medrwr.evaluation.cases import Case
from medrwr.evaluation.charts import Chart, Whisker, render_chart, render_whiskers
from medrwr.evaluation.episode_html import example_html
from medrwr.evaluation.examples import Example
from medrwr.evaluation.ladder import Cell, Comparison, Ladder
from medrwr.evaluation.learning import QueryRow, query_table
from medrwr.evaluation.page import page, table
from medrwr.evaluation.results import (
    CELL_LABELS,
    CHOICE_NOTE,
    accuracy_text,
    difference_text,
    measured_cells,
    p_text,
    pair_text,
)
from medrwr.evaluation.sections import Section, sections_html

MEASURED = "How it was measured"
QUERY_NOTE = (
    "Literal: a stretch of the question itself. Confirmation: names an option. Hypothesis: names what an earlier "
    "passage was about. Observation: what was seen or read."
)


@dataclass(frozen=True, slots=True)
class Report:
    """What the page shows. `figures` are the headline numbers, `notes` how it was measured.

    `choices` is the ladder with every answer read as its most probable option; `cases` are a sample of the `answers`
    of the final model.
    """

    title: str
    lead: str
    figures: tuple[tuple[str, str], ...]
    ladder: Ladder
    choices: Ladder
    charts: tuple[Chart, ...]
    examples: tuple[Example, ...]
    notes: tuple[str, ...]
    image_root: Path
    curves: tuple[Chart, ...] = ()
    queries: tuple[QueryRow, ...] = ()
    sections: tuple[Section, ...] = ()
    cases: tuple[Case, ...] = ()
    answers: int = 0


def render_report(report: Report) -> str:
    """The page. Same input, same bytes: it carries no time and no path."""
    figures = "".join(f"<div><b>{escape(value)}</b>{escape(label)}</div>" for label, value in report.figures)
    body = [
        f'<h1>{escape(report.title)}</h1><p class="soft">{escape(report.lead)}</p><div class="figures">{figures}</div>',
        "<h2>The ladder</h2>",
        _ladder_table(report.ladder),
        f'<div class="grid">{"".join(_whiskers(report.ladder, cell) for cell in measured_cells(report.ladder))}</div>',
        "<h2>Paired differences, in points</h2>",
        _comparison_table(report.ladder),
        "<h2>Every answer read as its most probable option</h2>",
        f'<p class="soft">{CHOICE_NOTE}</p>',
        _ladder_table(report.choices),
        _comparison_table(report.choices),
    ]
    body += _charts("How it learned", report.curves)
    if report.queries:
        body += ["<h2>What its queries ask for</h2>", f'<p class="soft">{QUERY_NOTE}</p>', query_table(report.queries)]
    body += sections_html(report.sections)
    body += _charts("Confidence", report.charts)
    if report.examples:
        body += ["<h2>Worked examples</h2>", *(example_html(example, report.image_root) for example in report.examples)]
    if report.cases:
        body += browser_html(report.cases, report.answers, report.image_root)
    body += ["<h2>What the policy did</h2>", _behaviour_table(report.ladder)]
    body += [f"<h2>{MEASURED}</h2>", f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in report.notes)}</ul>"]
    return page(report.title, body, script=SCRIPT if report.cases else "")


def _charts(title: str, charts: Sequence[Chart]) -> list[str]:
    if not charts:
        return []
    return [f"<h2>{title}</h2>", f'<div class="grid">{"".join(_chart(chart) for chart in charts)}</div>']


def _ladder_table(ladder: Ladder) -> str:
    cells = measured_cells(ladder)
    chance = ["chance", *(f"{ladder.chance[cell]:.1%}" if cell in ladder.chance else "-" for cell in cells)]
    rows = [chance] + [
        [escape(rung.label), *(_accuracy(ladder.cell(rung.name, cell)) for cell in cells)] for rung in ladder.rungs
    ]
    return table(["rung", *(CELL_LABELS[cell] for cell in cells)], rows)


def _accuracy(cell: Cell | None) -> str:
    estimate, _, rest = accuracy_text(cell).partition(" ")
    return f"{estimate}<small>{rest}</small>"


def _whiskers(ladder: Ladder, cell: str) -> str:
    rows = [
        Whisker(rung.label, found.accuracy.estimate, found.accuracy.lower, found.accuracy.upper)
        for rung in ladder.rungs
        for found in [ladder.cell(rung.name, cell)]
        if found is not None
    ]
    drawn = render_whiskers(f"Accuracy, {CELL_LABELS[cell]}", rows, reference=ladder.chance.get(cell))
    return f'<div class="card"><h3>{CELL_LABELS[cell]}</h3>{drawn}</div>'


def _comparison_table(ladder: Ladder) -> str:
    cells = measured_cells(ladder)
    pairs = dict.fromkeys((item.first, item.second) for item in ladder.comparisons)
    rows = []
    for first, second in pairs:
        found = [ladder.comparison(cell, first, second) for cell in cells]
        label = next(pair_text(ladder, item) for item in found if item is not None)
        rows.append([escape(label), *(_difference(item) for item in found)])
    return table(["pair, second minus first", *(CELL_LABELS[cell] for cell in cells)], rows)


def _difference(item: Comparison | None) -> str:
    if item is None:
        return "-"
    estimate, _, interval = difference_text(item).removesuffix(" points").partition(" ")
    change = f"{item.difference.gained} gained, {item.difference.lost} lost, p {p_text(item.difference.mcnemar_p)}"
    tested = f"permutation p {p_text(item.difference.permutation_p)}, Holm {p_text(item.holm_p)}"
    return f"{estimate}<small>{interval}</small><small>{change}</small><small>{tested}</small>"


def _behaviour_table(ladder: Ladder) -> str:
    rows = []
    for rung in ladder.rungs:
        for cell, found in ladder.cells[rung.name].items():
            score = found.score
            rates = (score.parse_rate, score.query_rate, score.gold_retrieved_rate, score.forced_rate)
            confidence = "-" if score.mean_confidence is None else f"{score.mean_confidence:.2f}"
            rows.append([escape(rung.label), CELL_LABELS[cell], *(f"{rate:.1%}" for rate in rates), confidence])
    header = ["rung", "cell", "answer read", "queried", "gold in a passage", "answer forced", "mean confidence"]
    return f"<details><summary>{len(rows)} cells, one line each</summary>{table(header, rows)}</details>"


def _chart(chart: Chart) -> str:
    note = f'<p class="soft">{escape(chart.note)}</p>' if chart.note else ""
    return f'<div class="card"><h3>{escape(chart.title)}</h3>{render_chart(chart)}{note}</div>'
