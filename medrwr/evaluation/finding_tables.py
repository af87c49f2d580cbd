"""Failures and attribution as sections of the report (M31, M32)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medrwr.evaluation.attribution import Flips, Influence
from medrwr.evaluation.results import CELL_LABELS
from medrwr.evaluation.sections import Section
from medrwr.evaluation.taxonomy import FailureRow

FAILURE_NOTE = (
    "Rules over the stored trajectory, the first that fits. No answer: no letter could be read. Integration: a passage "
    "or a similar case named the right option. Perceptual: what the reference saw in the image was never said. No "
    "query: nothing was looked up. Retrieval: nothing that came back named the right option. The last columns count "
    "the queries of the wrong answers by type."
)
FLIP_NOTE = "Answers to the same questions in two arms, second against first."
COPY_NOTE = "Share of the queries' runs of three words that stand in the question, mean over queries."
INFLUENCE_NOTE = (
    "A sample of questions played again with the passage of one rank left out of every retrieval. Probability lost is "
    "that of the answer given with all passages, among the options."
)


def failure_section(rows: Sequence[FailureRow], labels: Mapping[str, str]) -> Section:
    """Wrong answers by kind; `labels` are the rungs' names for people."""
    header = ("rung", "cell", "answers", "wrong", *(rows[0].kinds if rows else ()), *(rows[0].queries if rows else ()))
    body = tuple(
        (
            labels[row.rung],
            _cell(row.cell),
            *(str(count) for count in (row.answers, row.wrong, *row.kinds.values(), *row.queries.values())),
        )
        for row in rows
    )
    return Section("Wrong answers by kind", FAILURE_NOTE, header, body)


def flip_section(rows: Mapping[tuple[str, str, str], Flips], labels: Mapping[str, str]) -> Section:
    """Flips by first rung, second rung and cell."""
    header = ("pair", "cell", "right in both", "gained", "lost", "wrong alike", "wrong otherwise")
    body = tuple(
        (
            f"{labels[first]} -> {labels[second]}",
            _cell(cell),
            *(str(n) for n in (one.kept_right, one.gained, one.lost, one.wrong_alike, one.wrong_otherwise)),
        )
        for (first, second, cell), one in rows.items()
    )
    return Section("What retrieval changed", FLIP_NOTE, header, body)


def copy_section(rows: Mapping[tuple[str, str], tuple[int, float]], labels: Mapping[str, str]) -> Section:
    """Queries and their mean copy rate, by rung and cell."""
    body = tuple((labels[rung], _cell(cell), str(n), f"{rate:.1%}") for (rung, cell), (n, rate) in rows.items())
    return Section("Words that queries copy", COPY_NOTE, ("rung", "cell", "queries", "copied"), body)


def influence_section(rows: Sequence[Influence]) -> Section:
    """One passage left out, by its rank and by whether it names the right option."""
    header = ("passage left out", "names the right option", "answers", "changed", "right", "right without it", "lost")
    body = tuple(
        (
            f"rank {one.rank}",
            "yes" if one.names_gold else "no",
            str(one.answers),
            f"{one.changed / one.answers:.1%}",
            f"{one.right / one.answers:.1%}",
            f"{one.right_without / one.answers:.1%}",
            "-" if one.probability_lost is None else f"{one.probability_lost:+.3f}",
        )
        for one in rows
    )
    return Section("One passage left out", INFLUENCE_NOTE, header, body)


def _cell(name: str) -> str:
    return CELL_LABELS.get(name, name)
