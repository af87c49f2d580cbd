"""What an answer owes to what was retrieved (M31): flips between two arms, words copied from the question, and how the
answer changes when one passage is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medrwr.datasets.shingles import words_of
from medrwr.evaluation.scorer import Verdict, mentions
from medrwr.rollout.lookup import PassageSearch
from medrwr.types import LETTERS, Question, ScoredPassage, Trajectory

COPIED_WORDS = 3


@dataclass(frozen=True, slots=True)
class Flips:
    """Answers of two arms to the same questions: what both, the second only, the first only, or neither got right."""

    kept_right: int
    gained: int
    lost: int
    wrong_alike: int
    wrong_otherwise: int


@dataclass(frozen=True, slots=True)
class Influence:
    """Episodes played again with one passage left out of every retrieval.

    Attributes:
        rank: of the passage, 1 is the best.
        names_gold: whether a passage that was left out contains the right option's text.
        changed: answers that became others, or none.
        right, right_without: right answers with and without the passage.
        probability_lost: mean fall of the first answer's probability among the options, in [-1, 1]; None where it
            was read in no pair.
    """

    rank: int
    names_gold: bool
    answers: int
    changed: int
    right: int
    right_without: int
    probability_lost: float | None


class WithoutRank:
    """A passage search that leaves the passage of one rank (from 1) out of every result; none takes its place."""

    def __init__(self, search: PassageSearch, rank: int) -> None:
        self._search, self._place = search, rank - 1

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        """As the search, without the passage."""
        found = self._search.search_batch(queries, k=k)
        return [(*one[: self._place], *one[self._place + 1 :]) for one in found]


def flip_matrix(first: Sequence[Verdict], second: Sequence[Verdict]) -> Flips:
    """Over the questions that both answered."""
    answered = {verdict.question_id: verdict for verdict in second}
    pairs = [(one, answered[one.question_id]) for one in first if one.question_id in answered]
    wrong = [(one, two) for one, two in pairs if not one.correct and not two.correct]
    alike = sum(one.letter == two.letter for one, two in wrong)
    return Flips(
        kept_right=sum(one.correct and two.correct for one, two in pairs),
        gained=sum(two.correct and not one.correct for one, two in pairs),
        lost=sum(one.correct and not two.correct for one, two in pairs),
        wrong_alike=alike,
        wrong_otherwise=len(wrong) - alike,
    )


def copy_rate(question: str, query: str, *, words: int = COPIED_WORDS) -> float | None:
    """Share of the query's runs of `words` words that stand in the question; a shorter query is one run.

    None for a query without words.
    """
    asked, given = words_of(query), words_of(question)
    size = min(words, len(asked))
    if size == 0:
        return None
    runs = [tuple(asked[i : i + size]) for i in range(len(asked) - size + 1)]
    known = {tuple(given[i : i + size]) for i in range(len(given) - size + 1)}
    return sum(run in known for run in runs) / len(runs)


def influences(
    rank: int, questions: Sequence[Question], full: Sequence[Trajectory], without: Sequence[Trajectory]
) -> list[Influence]:
    """What leaving out the passage of `rank` did; apart where it names the right option. Same order in all three."""
    grouped: dict[bool, list[tuple[Question, Trajectory, Trajectory]]] = {True: [], False: []}
    for question, one, two in zip(questions, full, without, strict=True):
        left_out = [turn.passages[rank - 1].passage.text for turn in one.turns if len(turn.passages) >= rank]
        if left_out:
            grouped[mentions(left_out, question.gold_text)].append((question, one, two))
    return [_influence(rank, names_gold, group) for names_gold, group in grouped.items() if group]


def _influence(rank: int, names_gold: bool, group: Sequence[tuple[Question, Trajectory, Trajectory]]) -> Influence:
    lost = [fall for _, one, two in group for fall in [_fall(one, two)] if fall is not None]
    return Influence(
        rank=rank,
        names_gold=names_gold,
        answers=len(group),
        changed=sum(one.answer.letter != two.answer.letter for _, one, two in group),
        right=sum(one.answer.letter == question.gold_letter for question, one, _ in group),
        right_without=sum(two.answer.letter == question.gold_letter for question, _, two in group),
        probability_lost=sum(lost) / len(lost) if lost else None,
    )


def _fall(full: Trajectory, without: Trajectory) -> float | None:
    if not full.answer.letter or not full.option_probs or not without.option_probs:
        return None
    place = LETTERS.index(full.answer.letter)
    if place >= min(len(full.option_probs), len(without.option_probs)):
        return None
    return full.option_probs[place] - without.option_probs[place]
