"""Demonstrations meet the real retriever (M24): what their queries return is looked up, never written by hand.

A demonstration whose passages do not contain what its last thought says (the gold answer, unless it names another)
would teach the policy to answer from nothing: it says so instead (`missed_think`), or is dropped, and is counted either
way. One longer than an episode may be is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from medrwr.rollout.protocol import neutralise, render_demonstration
from medrwr.rollout.tokens import TokenisedSegments, encode_segments
from medrwr.types import Demonstration, Question, ScoredPassage

if TYPE_CHECKING:
    from medrwr.retrieval import Retriever

Passages = Sequence[Sequence[ScoredPassage]]


@dataclass(frozen=True, slots=True)
class Episode:
    """A demonstration with its passages, tokenised; `completion.env_mask` is 0 where a passage was inserted."""

    question: Question
    completion: TokenisedSegments


@dataclass(frozen=True, slots=True)
class Prepared:
    """The episodes to train on; how many met no passage that answers; how many were left out, by reason."""

    episodes: tuple[Episode, ...]
    without_gold: int
    dropped: int
    too_long: int

    @property
    def offered(self) -> int:
        return len(self.episodes) + self.dropped + self.too_long


def prepare_demonstrations(
    demonstrations: Sequence[Demonstration],
    *,
    retriever: Retriever,
    tokenizer: Any,
    max_tokens: int,
    picture: Sequence[int] = (),
) -> Prepared:
    """Ask the retriever for all steps in one batch, then render and tokenise.

    Args:
        max_tokens: the longest completion of a rollout, inserted text included (an image counts as its placeholder).
        picture: the ids of an image that the environment shows, for demonstrations with a case.
    """
    queries = [step.query for demonstration in demonstrations for step in demonstration.steps if step.case is None]
    found = iter(retriever.search_batch(queries)) if queries else iter(())
    episodes: list[Episode] = []
    without_gold = dropped = too_long = 0
    for demonstration in demonstrations:
        passages = [() if step.case else next(found) for step in demonstration.steps]
        if not _follows(demonstration, passages):
            without_gold, dropped = without_gold + 1, dropped + 1
            continue
        if passages and not _answers(demonstration, passages):
            without_gold += 1
            if not demonstration.missed_think:
                dropped += 1
                continue
            demonstration = replace(demonstration, final_think=demonstration.missed_think)
        completion = encode_segments(tokenizer, render_demonstration(demonstration, passages), picture)
        if len(completion.ids) > max_tokens:
            too_long += 1
        else:
            episodes.append(Episode(demonstration.question, completion))
    return Prepared(tuple(episodes), without_gold, dropped, too_long)


def _follows(demonstration: Demonstration, passages: Passages) -> bool:
    """What each step relies on stands in the passages of the steps before it."""
    return all(
        _named(step.relies_on, passages[:number]) for number, step in enumerate(demonstration.steps) if step.relies_on
    )


def names_gold(question: Question, passages: Passages) -> bool:
    """The text of the right option stands in one of the passages, upper or lower case."""
    return _named(question.gold_text, passages)


def _answers(demonstration: Demonstration, passages: Passages) -> bool:
    """What the last thought says stands in one of the passages."""
    if demonstration.relies_on:
        return _named(demonstration.relies_on, passages)
    return names_gold(demonstration.question, passages)


def _named(text: str, passages: Passages) -> bool:
    wanted = neutralise(text).casefold()
    return any(wanted in neutralise(scored.passage.text).casefold() for step in passages for scored in step)
