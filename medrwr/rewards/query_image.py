"""M18: does the query say what the image shows?"""

from __future__ import annotations

from medrwr.rewards.guards import own_queries
from medrwr.rewards.inputs import RewardInputs


def query_image_reward(inputs: RewardInputs) -> float:
    """Mean over queries of the cosine with the best image, in [-1, 1]; 0 without a query or without an image."""
    if inputs.malformed or not inputs.question.images or not inputs.similarities:
        return 0.0
    counts = own_queries(inputs)
    best = [max(row) if counted else 0.0 for row, counted in zip(inputs.similarities, counts, strict=True)]
    return sum(best) / len(best)


def reference_query_image_reward(inputs: RewardInputs) -> float:
    """The reference code's scale (M21): a tenth of the cosine, without its random choice of image and query."""
    return 0.1 * query_image_reward(inputs)
