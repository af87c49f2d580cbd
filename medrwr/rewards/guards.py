"""What a query must not be paid for: copying the question, or naming all that could be right."""

from __future__ import annotations

import re

from medrwr.rewards.inputs import RewardInputs

_COPIED = 0.9  # share of the question's words in a query from which the query is a copy
_WORD = re.compile(r"\w+")


def is_copy(query: str, question_text: str) -> bool:
    """The query holds nearly all words of the question."""
    asked = set(_WORD.findall(question_text.casefold()))
    return bool(asked) and len(asked & set(_WORD.findall(query.casefold()))) / len(asked) >= _COPIED


def own_queries(inputs: RewardInputs) -> list[bool]:
    """For each query, whether it counts: all do when the guards are off."""
    queries = inputs.trajectory.queries
    if not inputs.settings.guards:
        return [True] * len(queries)
    return [not is_copy(query, inputs.question.text) for query in queries]


def creditable_truth(inputs: RewardInputs) -> frozenset[str]:
    """The ground truth's entities that a query may be credited for.

    A query that names several options gets no credit for the gold one among them: naming all is no finding.
    """
    sets = inputs.entities
    named = [option for option in sets.options if option & sets.query]
    if not inputs.settings.guards or len(named) < 2:
        return sets.truth
    return sets.truth - frozenset().union(*sets.options)
