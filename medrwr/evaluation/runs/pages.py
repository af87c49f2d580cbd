"""A run for people: Markdown, and one HTML page that fetches nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from medrwr.evaluation.charts import Whisker, render_whiskers
from medrwr.evaluation.page import page, table
from medrwr.evaluation.results import p_text
from medrwr.evaluation.runs.answered import Answered
from medrwr.evaluation.runs.comparison import Difference
from medrwr.evaluation.runs.summary import BenchmarkSummary, ClosedSummary, OpenSummary
from medrwr.evaluation.statistics import Interval
from medrwr.types import LETTERS

HEADER = ("benchmark", "questions", "accuracy", "chance", "not read", "by most probable option", "queried")
_SHOWN = 40


def interval_text(interval: Interval | None) -> str:
    """'74.0% [69.5, 78.2]', or '-'."""
    if interval is None:
        return "-"
    return f"{interval.estimate:.1%} [{100 * interval.lower:.1f}, {100 * interval.upper:.1f}]"


def closed_row(name: str, closed: ClosedSummary) -> list[str]:
    """One line of the table of closed questions, as `HEADER` names them."""
    return [
        name,
        f"{closed.score.questions} ({closed.accuracy.clusters} cases)",
        interval_text(closed.accuracy),
        f"{closed.chance:.1%}",
        f"{closed.unparsed} ({1 - closed.score.parse_rate:.1%})",
        interval_text(closed.choice),
        f"{closed.score.query_rate:.1%}",
    ]


OPEN = ("benchmark", "open questions", "exact match", "recall of words", "nothing written", "queried")


def open_row(name: str, opened: OpenSummary) -> list[str]:
    """One line of the table of open questions, as `OPEN` names them."""
    return [
        name,
        f"{opened.questions} ({opened.exact.clusters} cases)",
        interval_text(opened.exact),
        interval_text(opened.recall),
        str(opened.unanswered),
        f"{opened.query_rate:.1%}",
    ]


def run_markdown(title: str, summaries: Sequence[BenchmarkSummary], facts: Mapping[str, str]) -> str:
    """The run as Markdown."""
    lines = [f"# {title}", "", *(f"- {name}: {value}" for name, value in facts.items())]
    rows = [closed_row(one.name, one.closed) for one in summaries if one.closed]
    if rows:
        lines += ["", "## Closed questions", "", _row(HEADER), _row(["---"] * len(HEADER)), *map(_row, rows)]
    opened = [open_row(one.name, one.open) for one in summaries if one.open]
    if opened:
        lines += ["", "## Open questions", "", _row(OPEN), _row(["---"] * len(OPEN)), *map(_row, opened)]
    for one in summaries:
        lines += ["", f"## {one.name}", "", *(f"- {line}" for line in account_of(one))]
    return "\n".join(lines) + "\n"


def account_of(summary: BenchmarkSummary) -> list[str]:
    """What became of a benchmark's records, and what a reader must know."""
    lines = [f"{summary.records} records in its files"]
    lines += [f"{count} left out: {reason}" for reason, count in summary.excluded.items()]
    lines += [f"{count} not asked: {reason}" for reason, count in summary.not_asked.items()]
    if summary.closed:
        stops = ", ".join(f"{stop} {count}" for stop, count in summary.closed.stops.items())
        lines += [f"episodes ended: {stops}"] if stops else []
        if guessed := summary.closed.guessed:
            lines.append(f"{guessed} of those not read got a letter by this way of scoring")
        lines += [f"kind {name}: {interval_text(found)}" for name, found in summary.closed.by_kind.items()]
        lines += [f"script {name}: {interval_text(found)}" for name, found in summary.closed.by_script.items()]
    if summary.open:
        stops = ", ".join(f"{stop} {count}" for stop, count in summary.open.stops.items())
        lines += [f"open episodes ended: {stops}"] if stops else []
    if summary.confidence:
        figures = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in summary.confidence.items())
        lines.append(f"confidence of the answers read: {figures}")
    if found := summary.consistency:
        letters = ", ".join(f"{letter} {count}" for letter, count in found.letters.items())
        lines.append(
            f"in {found.orders} orders of the options: same answer {interval_text(found.same)}, right in all "
            f"{interval_text(found.always_right)}, by order {', '.join(f'{one:.1%}' for one in found.accuracies)}; "
            f"letters chosen: {letters or 'none'}"
        )
    return [*lines, *summary.notes]


COMPARED = ("benchmark", "questions", "first", "second", "second - first", "gained / lost", "permutation p", "Holm p")


def difference_row(item: Difference) -> list[str]:
    """One line of the table of two runs, as `COMPARED` names them."""
    interval = item.difference.interval
    change = f"{100 * interval.estimate:+.1f} [{100 * interval.lower:+.1f}, {100 * interval.upper:+.1f}] points"
    return [
        item.benchmark if item.form == "closed" else f"{item.benchmark}, open",
        f"{interval.questions} ({interval.clusters} cases)",
        f"{item.first:.1%}",
        f"{item.second:.1%}",
        change,
        f"{item.difference.gained} / {item.difference.lost}",
        p_text(item.difference.permutation_p),
        p_text(item.holm_p),
    ]


def run_html(
    title: str, summaries: Sequence[BenchmarkSummary], facts: Mapping[str, str], answers: Sequence[Answered]
) -> str:
    """The run as a page: table, intervals beside chance, accounts, and the first wrong answers of each benchmark."""
    rows = [[escape(cell) for cell in closed_row(one.name, one.closed)] for one in summaries if one.closed]
    body = [f"<h1>{escape(title)}</h1>", table(["", ""], [[escape(k), escape(v)] for k, v in facts.items()])]
    if rows:
        body += ["<h2>Closed questions</h2>", table(HEADER, rows)]
    opened = [[escape(cell) for cell in open_row(one.name, one.open)] for one in summaries if one.open]
    if opened:
        body += ["<h2>Open questions</h2>", table(OPEN, opened)]
    for one in summaries:
        body += [f"<h2>{escape(one.name)}</h2>", *_chart(one)]
        body += ["<ul>", *(f"<li>{escape(line)}</li>" for line in account_of(one)), "</ul>"]
        body += _wrong([answered for answered in answers if answered.benchmark == one.name])
    return page(title, body)


def _chart(summary: BenchmarkSummary) -> list[str]:
    if summary.closed is None:
        return []
    found = {"all": summary.closed.accuracy, **summary.closed.by_kind}
    rows = [Whisker(name[:28], one.estimate, one.lower, one.upper) for name, one in found.items()]
    drawn = render_whiskers(f"Accuracy, {summary.name}", rows, reference=summary.closed.chance)
    return [f'<div class="card" style="max-width:470px"><h3>Accuracy</h3>{drawn}</div>']


def _wrong(answers: Sequence[Answered]) -> list[str]:
    wrong = [one for one in answers if not one.verdict.correct]
    rows = [
        [
            escape(one.verdict.question_id),
            escape(one.question),
            escape(_gold(one)),
            escape(one.answer or "nothing read"),
        ]
        for one in wrong[:_SHOWN]
    ]
    if not rows:
        return []
    head = f"{len(wrong)} wrong answers, the first {len(rows)}"
    listed = table(["id", "question", "right", "written"], rows)
    return [f"<details><summary>{head}</summary>{listed}</details>"]


def _gold(answered: Answered) -> str:
    if answered.form == "open":
        return " / ".join(answered.answers)
    return f"{answered.verdict.gold}. {answered.options[LETTERS.index(answered.verdict.gold)]}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
