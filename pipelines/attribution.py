"""Attribution of an evaluation (M31): flips, copied words, and the final model without one passage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from medrwr.evaluation.attribution import Flips, Influence, WithoutRank, copy_rate, flip_matrix, influences
from medrwr.types import Question, Trajectory
from pipelines.arms import OWN_QUERY, GreedyRollout
from pipelines.measures import Evaluated
from pipelines.opening import image_root_of, open_passages, open_policy
from pipelines.rungs import FINAL
from pipelines.second_looks import CDIR
from pipelines.stage import StageContext

PAIRS = (("no_retrieval", FINAL), ("question_as_query", FINAL), (FINAL, CDIR))
_ASKING = ("sft", "grpo_text", FINAL)


@dataclass(frozen=True, slots=True)
class Attribution:
    """Flips by (first rung, second rung, cell); queries and mean copy rate by (rung, cell); passages left out."""

    flips: Mapping[tuple[str, str, str], Flips]
    copying: Mapping[tuple[str, str], tuple[int, float]]
    passages: tuple[Influence, ...] = ()


def attribute(evaluated: Evaluated, passages: tuple[Influence, ...] = ()) -> Attribution:
    """Flips and copied words of what was played; `passages` as `leave_one_out` found them."""
    verdicts = evaluated.verdicts
    flips = {
        (first, second, cell): flip_matrix(verdicts[first][cell], verdicts[second][cell])
        for first, second in PAIRS
        for cell in evaluated.cells
        if verdicts.get(first, {}).get(cell) and verdicts.get(second, {}).get(cell)
    }
    copying = {}
    for rung in _ASKING:
        for cell, trajectories in evaluated.played.get(rung, {}).items():
            rates = _copy_rates(evaluated.cells[cell], trajectories)
            if rates:
                copying[rung, cell] = (len(rates), sum(rates) / len(rates))
    return Attribution(flips, copying, passages)


def leave_one_out(context: StageContext, evaluated: Evaluated) -> tuple[Influence, ...]:
    """The first `evaluate.attribution_questions` of each cell that retrieved, played again without each rank in turn.

    Raises:
        CheckpointError: the final model is missing or incomplete.
    """
    from medrwr.rollout.engine import RolloutEngine

    asked, full = _sample(evaluated, context.params.evaluate.attribution_questions)
    if not asked:
        return ()
    policy, retriever, params = open_policy(context, FINAL), open_passages(context), context.params
    found: list[Influence] = []
    for rank in range(1, params.index.top_k + 1):
        vocabulary = params.rewards.confidence_vocabulary
        engine = RolloutEngine(policy, WithoutRank(retriever, rank), params.rollout, confidence_vocabulary=vocabulary)
        label = f"evaluate: without passage {rank}"
        rollout = GreedyRollout(engine, image_root_of(context), OWN_QUERY, context.sink, label)
        found += influences(rank, asked, full, rollout(asked))
    return tuple(found)


def attribution_metrics(found: Attribution) -> dict[str, float]:
    """The final model's copy rate, and how often an answer changes without a passage that names the right option."""
    rates = [(n, rate) for (rung, _), (n, rate) in found.copying.items() if rung == FINAL]
    metrics: dict[str, float] = {}
    if rates:
        metrics["query_copy_rate"] = sum(n * rate for n, rate in rates) / sum(n for n, _ in rates)
    for name, names_gold in (("gold", True), ("other", False)):
        rows = [one for one in found.passages if one.names_gold is names_gold]
        if rows:
            changed, answers = sum(one.changed for one in rows), sum(one.answers for one in rows)
            metrics[f"changed_without_{name}_passage"] = changed / answers
    return metrics


def _copy_rates(questions: list[Question], trajectories: list[Trajectory]) -> list[float]:
    return [
        rate
        for question, trajectory in zip(questions, trajectories, strict=False)
        for query in trajectory.queries
        for rate in [copy_rate(question.text, query)]
        if rate is not None
    ]


def _sample(evaluated: Evaluated, per_cell: int) -> tuple[list[Question], list[Trajectory]]:
    asked: list[Question] = []
    full: list[Trajectory] = []
    for cell, trajectories in evaluated.played[FINAL].items():
        pairs = zip(evaluated.cells[cell], trajectories, strict=False)
        picked = [(question, one) for question, one in pairs if one.passages][:per_cell]
        asked += [question for question, _ in picked]
        full += [one for _, one in picked]
    return asked, full
