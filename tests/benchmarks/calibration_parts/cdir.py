"""CDIR against none, against as many asked again at random, and against self-consistency at equal tokens (M26, M29).

The threshold is the chain's own, from its calibration split; gains are paired and pooled over the chains. p is that of
the exact permutation test over facts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from medrwr.evaluation.second_looks import arms_of
from medrwr.evaluation.statistics import bootstrap_mean, paired_difference
from medrwr.rollout.cdir import CdirRule
from medrwr.types import Question, Trajectory
from pipelines.second_looks import vote_again
from tests.benchmarks.calibration_parts.chain import Chain
from tests.benchmarks.calibration_parts.quality import fitted

DRAWS = 20  # of the random arm
Rights = NDArray[np.float64]


def cdir(chains: Sequence[Chain]) -> dict[str, float]:
    """Gains in points with their intervals' lower ends and p; accuracy by k on the terminal."""
    arms: dict[str, list[Rights]] = {}
    clusters: list[str] = []
    for chain in chains:
        questions = chain.test.questions
        clusters += [f"{chain.name}:{question.fact_id or question.question_id}" for question in questions]
        for arm, right in _arms(chain).items():
            arms.setdefault(arm, []).append(right)
    pooled = {arm: np.concatenate(rights) for arm, rights in arms.items()}
    for arm, right in pooled.items():
        found = bootstrap_mean(right, clusters)
        print(f"  {arm:<18}{100 * found.estimate:6.1f} [{100 * found.lower:.1f}, {100 * found.upper:.1f}]")
    figures = {f"cdir_accuracy_{arm}": float(right.mean()) for arm, right in pooled.items()}
    for other in ("never", "random", "self_consistency"):
        runs = DRAWS if other == "random" else 1
        gain = paired_difference(pooled[other], pooled["calibrated"], clusters, runs=runs)
        figures[f"cdir_gain_over_{other}"] = gain.interval.estimate
        figures[f"cdir_gain_over_{other}_lower"] = gain.interval.lower
        figures[f"cdir_gain_over_{other}_p"] = gain.permutation_p
    return figures | _curve(chains)


def rule_at(chain: Chain, k: int) -> CdirRule:
    """The rule that the chain's calibration split gives with k similar cases."""
    findings = fitted(chain, k)
    queries = chain.context.params.case_index.queries
    return CdirRule(findings.choice.point.threshold, findings.scale, k, queries, second_scale=findings.second_scale)


def _arms(chain: Chain) -> dict[str, Rights]:
    k = min(chain.cases, key=lambda known: abs(known - chain.context.params.case_index.top_k))
    rule, questions, pairs = rule_at(chain, k), chain.test.questions, chain.test.looks[k]
    right = _judge(questions)
    arms = arms_of(pairs, rule, seed=0)
    random = np.mean([right(arms_of(pairs, rule, seed=seed)["random"]) for seed in range(DRAWS)], axis=0)
    voted = vote_again(chain.context, chain.engine, {"test": questions}, {"test": pairs}, rule)["test"]
    share = np.mean([bool(one.cases) for one in arms["calibrated"]])
    print(f"  {chain.name}: k {k}, lambda {rule.threshold:.3f} asks {share:.1%} of {len(questions)} again")
    return {
        "never": right([pair.first for pair in pairs]),
        "calibrated": right(arms["calibrated"]),
        "random": random,
        "always": right(arms["always"]),
        "always_new": right(arms["always_new"]),
        "self_consistency": right(voted),
    }


def _curve(chains: Sequence[Chain]) -> dict[str, float]:
    figures = {}
    for k in (0, *chains[0].cases):
        rights, news = [], []
        for chain in chains:
            right, pairs = _judge(chain.test.questions), chain.test.looks[k or chain.cases[0]]
            arms = arms_of(pairs, rule_at(chain, k), seed=0) if k else {}
            first = [pair.first for pair in pairs]
            rights.append(right(arms.get("calibrated", first)))
            news.append(right(arms.get("always_new", first)))
        figures[f"cdir_accuracy_at_{k}_cases"] = float(np.concatenate(rights).mean())
        figures[f"cdir_always_new_at_{k}_cases"] = float(np.concatenate(news).mean())
    return figures


def _judge(questions: Sequence[Question]) -> Callable[[Sequence[Trajectory]], Rights]:
    def right(played: Sequence[Trajectory]) -> Rights:
        return np.asarray(
            [one.answer.letter == question.gold_letter for question, one in zip(questions, played, strict=True)],
            dtype=np.float64,
        )

    return right
