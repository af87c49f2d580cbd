"""What the reward weights, and the fixes to the reference's rewards, are worth on the clinic.

    python -m tests.benchmarks.rewards --check --workspace DIR              where `dvc repro` has run
    python -m tests.benchmarks.rewards --check --workspace DIR --small      two steps an arm: for CI

Every arm starts from the workspace's text-stage model, trains the image stage with the same questions, seed and
number of steps, and answers the same test questions greedily. Arms: the paper's profile as params.yaml has it; each of
its four weights halved and doubled; the reference's numbers (`reference`), and its code as released, faults included
(`released`). Intervals are bootstrapped over facts; differences are paired with the first arm. The table is the result,
whichever way it comes out: --check fails only when an arm did not run or a figure is not finite. Nothing is written to
the workspace. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from medrwr.config import Params, RewardSettings
from medrwr.evaluation.statistics import Interval, PairedDifference, bootstrap_mean, paired_difference
from medrwr.records import read_records
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.sinks import NullSink
from medrwr.training.grpo import GrpoTask, train_grpo
from medrwr.training.order import training_order
from medrwr.training.work import WorkFolder
from medrwr.types import Question, Trajectory
from pipelines.opening import image_root_of, open_passages
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.rewarding import open_mixture
from pipelines.stage import StageContext
from pipelines.training import open_trainable, run_options

WEIGHTS = ("format_weight", "accuracy_weight", "query_weight", "confidence_weight")
STAGE = "grpo_multimodal"


@dataclass(frozen=True)
class Arm:
    """A name and what differs from the workspace's `rewards` section."""

    name: str
    changes: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """One arm's verdicts (1: right) on held-in and held-out image questions, and how it behaved."""

    arm: Arm
    right: dict[str, list[float]]
    query_rate: float
    validity: float
    reward_spread: float
    seconds: float


def arms(rewards: RewardSettings) -> list[Arm]:
    """The paper's profile first."""
    scaled = [
        Arm(f"{name.removesuffix('_weight')} x {factor:g}", {name: getattr(rewards, name) * factor})
        for name in WEIGHTS
        for factor in (0.5, 2.0)
    ]
    profiles = [Arm(f"profile {name}", {"profile": name}) for name in ("reference", "released")]
    return [Arm("as in params.yaml", {}), *scaled, *profiles]


def variant(params: Params, arm: Arm, *, steps: int) -> Params:
    stage = params.grpo_multimodal.model_copy(update={"steps": steps, "save_steps": steps + 1, "alarms": "off"})
    rewards = RewardSettings.model_validate(params.rewards.model_dump() | arm.changes)
    return params.model_copy(update={"rewards": rewards, STAGE: stage})


def run_arm(context: StageContext, arm: Arm, tests: dict[str, list[Question]], scratch: Path) -> Outcome:
    """Train and answer."""
    begin = time.perf_counter()
    params, settings = context.params, context.params.grpo_multimodal
    policy = open_trainable(context, "grpo_text")
    engine = RolloutEngine(
        policy, open_passages(context), params.rollout, confidence_vocabulary=params.rewards.confidence_vocabulary
    )
    questions, _ = read_records(context.paths.curated / "rl_image.jsonl", Question)
    order = training_order(
        questions, count=settings.steps * settings.prompts_per_step, seed=params.base.seed, curriculum=True
    )
    task = GrpoTask(
        order,
        image_root_of(context),
        params.rollout.max_turns,
        params.rollout.max_completion_tokens,
        engine,
        open_mixture(context, settings.rewards),
    )
    options = run_options(context, policy)
    log = train_grpo(policy, task, settings, options=options, work=WorkFolder(scratch, "arm"), sink=NullSink())
    answered = {cell: answer(engine, asked, image_root_of(context)) for cell, asked in tests.items()}
    every = [t for trajectories in answered.values() for t in trajectories]
    return Outcome(
        arm,
        {cell: verdicts(tests[cell], played) for cell, played in answered.items()},
        query_rate=float(np.mean([t.retrieved for t in every])),
        validity=float(np.mean([t.well_formed for t in every])),
        reward_spread=1.0 - float(np.mean([entry["frac_reward_zero_std"] for entry in log])),
        seconds=time.perf_counter() - begin,
    )


def answer(engine: RolloutEngine, questions: Sequence[Question], root: Path) -> list[Trajectory]:
    return engine.run([RolloutRequest(question, root) for question in questions], temperature=0.0)


def verdicts(questions: Sequence[Question], played: Iterable[Trajectory]) -> list[float]:
    return [float(t.answer.letter == q.gold_letter) for q, t in zip(questions, played, strict=True)]


def cells(context: StageContext, count: int) -> dict[str, list[Question]]:
    """The first `count` image questions held in and held out, single hop."""
    questions, _ = read_records(context.paths.questions("test"), Question)
    held_out = context.params.clinic.held_out_modality
    images = [question for question in questions if question.images and question.hops == 1]
    return {
        "held_in": [q for q in images if q.modality != held_out][:count],
        "held_out": [q for q in images if q.modality == held_out][:count],
    }


def table(outcomes: Sequence[Outcome], tests: dict[str, list[Question]]) -> list[dict[str, Any]]:
    """One row an arm: accuracy and paired difference to the first arm in each cell, with 95% intervals."""
    rows = []
    for outcome in outcomes:
        row: dict[str, Any] = {"arm": outcome.arm.name}
        for cell, asked in tests.items():
            facts = [question.fact_id or question.question_id for question in asked]
            row[cell] = bootstrap_mean(outcome.right[cell], facts)
            row[f"{cell}_difference"] = paired_difference(outcomes[0].right[cell], outcome.right[cell], facts)
        row |= {"query_rate": outcome.query_rate, "validity": outcome.validity, "spread": outcome.reward_spread}
        rows.append(row)
    return rows


def show(rows: Sequence[dict[str, Any]], tests: dict[str, list[Question]]) -> None:
    print(
        f"{'arm':<20}"
        + "".join(f"{cell:>24}{'difference':>24}" for cell in tests)
        + f"{'asks':>8}{'valid':>8}{'spread':>8}"
    )
    for row in rows:
        parts = "".join(f"{shown(row[cell]):>24}{shown(row[f'{cell}_difference']):>24}" for cell in tests)
        print(
            f"{row['arm']:<20}{parts}{row['query_rate']:>8.2f}{row['validity']:>8.2f}{row['spread']:>8.2f}", flush=True
        )


def shown(value: Interval | PairedDifference) -> str:
    interval = value.interval if isinstance(value, PairedDifference) else value
    sign = "+" if isinstance(value, PairedDifference) else ""
    return f"{interval.estimate:{sign}.3f} [{interval.lower:{sign}.3f}, {interval.upper:{sign}.3f}]"


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row for JSON: each interval as estimate, lower, upper."""
    values = {}
    for name, value in row.items():
        interval = value.interval if isinstance(value, PairedDifference) else value
        listed = isinstance(interval, Interval)
        values[name] = [interval.estimate, interval.lower, interval.upper] if listed else value
    return values


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when an arm is missing or a figure is not finite")
    parser.add_argument("--workspace", type=Path, default=Path())
    parser.add_argument("--small", action="store_true", help="2 steps an arm, 8 questions a cell")
    parser.add_argument("--steps", type=int, help="GRPO steps an arm (default: the workspace's)")
    parser.add_argument("--questions", type=int, default=200, help="test questions a cell")
    parser.add_argument("--arms", type=int, help="only the first so many")
    options = parser.parse_args()
    params = load_params(options.workspace)
    steps = 2 if options.small else options.steps or params.grpo_multimodal.steps
    context = StageContext(params, Paths(options.workspace), NullSink())
    tests = cells(context, 8 if options.small else options.questions)
    wanted = arms(params.rewards)[: options.arms]
    outcomes = []
    for arm in wanted:
        with tempfile.TemporaryDirectory() as scratch:
            changed = replace(context, params=variant(params, arm, steps=steps))
            outcomes.append(run_arm(changed, arm, tests, Path(scratch)))
        print(f"{arm.name}: {outcomes[-1].seconds:.0f} s", file=sys.stderr, flush=True)
    rows = table(outcomes, tests)
    show(rows, tests)
    listed = [plain(row) for row in rows]
    numbers = [x for row in listed for v in row.values() for x in (v if isinstance(v, list) else [v])]
    whole = len(rows) == len(wanted) and all(math.isfinite(x) for x in numbers if isinstance(x, float))
    counts = {cell: len(asked) for cell, asked in tests.items()}
    print(json.dumps({"benchmark": "rewards", "met": whole, "steps": steps, "questions": counts, "rows": listed}))
    return 0 if whole or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
