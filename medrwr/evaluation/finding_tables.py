"""Failures, attribution and contamination as sections of the report (M14, M31, M32)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medrwr.evaluation.attribution import Flips, Influence
from medrwr.evaluation.contamination import Clean, Flag
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
CLEAN_NOTE = (
    "As deployed. Flagged: half of the question's runs of 13 words in one training item or passage, a cosine of at "
    "least .95, or a near-duplicate image among training items or image cases. A flag blocks nothing; a training item "
    "that overlaps a test item by the stricter check (M14) has ended the pipeline before this page."
)
FLAG_NOTE = "One line for each question, source and means. Questions of one template resemble each other."
_FLAGS = 10
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


def clean_section(rows: Sequence[Clean]) -> Section:
    """Accuracy with the flagged questions left out."""
    header = ("cell", "answers", "flagged", "accuracy", "accuracy without the flagged")
    body = tuple(
        (
            _cell(one.cell),
            str(one.answers),
            str(one.flagged),
            f"{one.accuracy:.1%}",
            "-" if one.accuracy_unflagged is None else f"{one.accuracy_unflagged:.1%}",
        )
        for one in rows
    )
    return Section("Contamination", CLEAN_NOTE, header, body)


def flag_section(flags: Sequence[Flag]) -> Section:
    """The flags that are most alike; all of them are in findings.json."""
    header = ("question", "resembles", "of", "by", "similarity")
    most = sorted(flags, key=lambda one: (-one.similarity, one.question_id, one.source))[:_FLAGS]
    body = tuple((one.question_id, one.other_id, one.source, one.means, f"{one.similarity:.3f}") for one in most)
    return Section(f"The {len(most)} closest of {len(flags)} flags", FLAG_NOTE, header, body)


def _cell(name: str) -> str:
    return CELL_LABELS.get(name, name)
