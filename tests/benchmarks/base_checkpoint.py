"""A base checkpoint trained again beside the shipped one: the ladder's first rows of both, where `dvc repro` has run.

    make base-model                                                     in a clone, about half an hour
    python -m tests.benchmarks.base_checkpoint --check --workspace DIR --other CLONE/models/base

Both answer the same test questions, with the protocol asked for and at once. With --check the valid-protocol rates and
the accuracies over all cells have to agree within 2 points. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from medrwr.evaluation.ladder import draw
from medrwr.evaluation.scorer import judge_all
from medrwr.records import read_records
from medrwr.rollout.engine import RolloutEngine
from medrwr.sinks import NullSink
from medrwr.types import Question
from pipelines.arms import AT_ONCE, OWN_QUERY, Arm, GreedyRollout
from pipelines.opening import BASE, image_root_of, open_engine, open_passages
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.stage import StageContext

POINTS = 2.0


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer: whether it kept to the protocol, and whether it is right."""

    well_formed: bool
    correct: bool


def answered(context: StageContext, count: int) -> dict[str, float]:
    """Percentages of the context's base checkpoint over `count` questions of each cell."""
    questions, _ = read_records(context.paths.questions("test"), Question)
    params = context.params
    cells = draw(questions, params.clinic.held_out_modality, per_cell=count, seed=params.base.seed)
    asked = [question for cell in cells.values() for question in cell]
    engine = open_engine(context, BASE, retriever=open_passages(context))
    own, at_once = (play(context, engine, asked, arm) for arm in (OWN_QUERY, AT_ONCE))
    return {
        "valid_protocol": 100 * sum(shown.well_formed for shown in own) / len(own),
        "accuracy": 100 * sum(shown.correct for shown in own) / len(own),
        "accuracy_at_once": 100 * sum(shown.correct for shown in at_once) / len(at_once),
        "questions": float(len(asked)),
    }


def play(context: StageContext, engine: RolloutEngine, asked: Sequence[Question], arm: Arm) -> list[Shown]:
    """Greedy answers, judged."""
    rollout = GreedyRollout(engine, image_root_of(context), arm, context.sink, "base checkpoint")
    trajectories = rollout(list(asked))
    verdicts = judge_all(asked, trajectories)
    return [Shown(t.well_formed, v.correct) for t, v in zip(trajectories, verdicts, strict=True)]


def apart(one: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """Names of the percentages that differ by more than 2 points."""
    return [name for name in one if abs(one[name] - other[name]) > POINTS]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when the two differ by more than 2 points")
    parser.add_argument("--workspace", type=Path, default=Path())
    parser.add_argument("--other", type=Path, required=True, help="the checkpoint that was trained again")
    parser.add_argument("--questions", type=int, default=400, help="of each cell")
    options = parser.parse_args()
    root = options.workspace.resolve()
    params = load_params(root)
    figures = {}
    for name, folder in (("shipped", root / params.base_model.checkpoint), ("again", options.other.resolve())):
        model = params.base_model.model_copy(update={"checkpoint": str(folder)})
        context = StageContext(params.model_copy(update={"base_model": model}), Paths(root), NullSink())
        figures[name] = answered(context, options.questions)
    for name, value in figures["shipped"].items():
        print(f"  {name:<20}{value:>10.2f}{figures['again'][name]:>10.2f}")
    wrong = apart(figures["shipped"], figures["again"])
    print(json.dumps({"benchmark": "base_checkpoint", "met": not wrong, "apart": wrong, **figures}))
    return 1 if wrong and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
