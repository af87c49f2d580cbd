"""M17: does the query, and does what it found, speak of the ground truth's clinical entities?"""

from __future__ import annotations

from medrwr.rewards.guards import creditable_truth, own_queries
from medrwr.rewards.inputs import RewardInputs

_MANY = 5  # entities in a query above which the reference code deducts 1


def query_text_reward(inputs: RewardInputs) -> float:
    """|S_Q n S_G| / |S_Q| + |S_K n S_G| / |S_K|, in [0, 2]; empty sets give 0, and so does an episode without a query.

    S_Q, S_K, S_G: entities of the queries, of the retrieved text, of the ground truth. Precision, so stuffing a query
    with entities lowers it.
    """
    if inputs.malformed or not inputs.trajectory.retrieved:
        return 0.0
    sets = inputs.entities
    asked = _share(sets.query, creditable_truth(inputs)) if any(own_queries(inputs)) else 0.0
    return asked + _share(sets.retrieved, sets.truth)


def reference_query_text_reward(inputs: RewardInputs) -> float:
    """The reference code's terms (M21): recall of the ground truth in query and in text, entities a word of the query.

    1 less for more than 5 entities in the query. Counted in entities, where the reference counts words of them found
    as substrings.
    """
    if inputs.malformed or not inputs.trajectory.retrieved:
        return 0.0
    sets = inputs.entities
    words = len(" ".join(inputs.trajectory.queries).split())
    density = min(1.0, len(sets.query) / words) if words else 0.0
    recalls = _share(sets.truth, sets.query) + _share(sets.truth, sets.retrieved)
    return recalls + density - (1.0 if len(sets.query) > _MANY else 0.0)


def _share(of: frozenset[str], within: frozenset[str]) -> float:
    return len(of & within) / len(of) if of else 0.0
