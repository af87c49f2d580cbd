"""What a batch of trajectories did, in numbers: the curves beside the rewards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from medrwr.rewards.guards import is_copy
from medrwr.training.demonstrations import names_gold
from medrwr.types import Question, StopReason, Trajectory

Measure = Callable[[Question, Trajectory], float]

MEASURES: dict[str, Measure] = {
    "accuracy": lambda question, t: float(t.answer.letter == question.gold_letter),
    "parse_rate": lambda _, t: float(t.answer.letter is not None),
    "validity": lambda _, t: float(t.well_formed),
    "query_rate": lambda _, t: float(t.retrieved),
    "copy_rate": lambda question, t: float(any(is_copy(query, question.text) for query in t.queries)),
    "hit_rate": lambda question, t: float(names_gold(question, [t.passages])),
    "turns": lambda _, t: float(len(t.queries)),
    "forced_rate": lambda _, t: float(t.stop_reason is StopReason.FORCED),
    "sampled_tokens": lambda _, t: float(sum(t.env_mask)),
    "inserted_tokens": lambda _, t: float(len(t.env_mask) - sum(t.env_mask)),
    "retriever_failures": lambda _, t: float(t.stop_reason is StopReason.RETRIEVER),
}


def behaviour(questions: Sequence[Question], trajectories: Sequence[Trajectory]) -> dict[str, float]:
    """The mean of each measure over all trajectories, and the policy's entropy."""
    pairs = list(zip(questions, trajectories, strict=True))
    means = {name: sum(measure(q, t) for q, t in pairs) / len(pairs) for name, measure in MEASURES.items()}
    return means | {"policy_entropy": policy_entropy(trajectories)}


def policy_entropy(trajectories: Sequence[Trajectory]) -> float:
    """Nats a sampled token: the mean of minus its log-probability, which estimates the entropy without bias."""
    tokens = sum(sum(t.env_mask) for t in trajectories)
    return -sum(sum(t.logprobs) for t in trajectories) / max(tokens, 1)
