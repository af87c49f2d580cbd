"""One GRPO run of a tiny policy in a process of its own: what the rollout benchmark starts, kills and compares.

    python -m tests.benchmarks.grpo_run --out DIR --steps 4 [--deepspeed zero2]        (also under torchrun)

Writes DIR/log.json (the trainer's log), DIR/weights.safetensors and DIR/engine.txt (the class that holds the model).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from medrwr.config import GrpoSettings, RolloutSettings
from medrwr.rollout.engine import RolloutEngine
from medrwr.sinks import NullSink
from medrwr.training.grpo import GrpoTask, train_grpo
from medrwr.training.trainer_arguments import RunOptions
from medrwr.training.work import WorkFolder
from medrwr.types import Question, Trajectory
from pipelines.launching import be_alone
from tests.training.conftest import make_policy, make_world

REPOSITORY = Path(__file__).resolve().parents[2]
ROLLOUT = RolloutSettings(max_turns=1, max_turn_tokens=12, max_completion_tokens=96, batch_size=64)


class VowelScorer:
    """Rewards vowels: something that an untrained policy's babble differs in."""

    def score(self, episodes: Sequence[tuple[Question, Trajectory]]) -> list[dict[str, float]]:
        shares = [sum(c in "aeiou" for c in t.text) / max(len(t.text), 1) for _, t in episodes]
        return [{"vowels": share, "total": 5 * share} for share in shares]


def watch_engine(out: Path, rank: int) -> None:
    """Note the class of the wrapped model after the first step, as the trainer holds it."""
    from medrwr.training.sparing import SparingTrainer

    step = SparingTrainer.training_step

    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        if rank == 0:
            kind = type(self.model_wrapped)
            (out / "engine.txt").write_text(f"{kind.__module__}.{kind.__qualname__}")
        return step(self, *args, **kwargs)

    SparingTrainer.training_step = noting  # type: ignore[method-assign]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--deepspeed", default=None)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--timeout", type=int, default=1800, help="seconds that a process waits for the others")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.deepspeed:
        be_alone()
    out, rank = options.out, int(os.environ.get("RANK", "0"))
    (out / f"world{rank}").mkdir(parents=True, exist_ok=True)
    world = make_world(out / f"world{rank}")
    policy = make_policy(world)
    watch_engine(out, rank)
    settings = GrpoSettings(
        steps=options.steps,
        num_generations=4,
        prompts_per_step=2,
        learning_rate=options.learning_rate,
        warmup_ratio=0,
        save_steps=2,
        deepspeed=options.deepspeed,
        alarms="off",
    )
    file = str(REPOSITORY / f"infra/deepspeed/{options.deepspeed}.json") if options.deepspeed else None
    log = train_grpo(
        policy,
        GrpoTask(
            world.image * options.steps,
            world.root,
            1,
            96,
            RolloutEngine(policy, world.retriever, ROLLOUT),
            VowelScorer(),
        ),
        settings,
        options=RunOptions(
            "cpu",
            "float32",
            5,
            deepspeed=file,
            processes=int(os.environ.get("WORLD_SIZE", "1")),
            timeout_s=options.timeout,
        ),
        work=WorkFolder(out / "work", "inputs"),
        sink=NullSink(),
    )
    if rank == 0:
        from safetensors.torch import save_file

        save_file(
            {k: v.contiguous().clone() for k, v in policy.model.state_dict().items()}, out / "weights.safetensors"
        )
        (out / "log.json").write_text(json.dumps(log))
    return 0


if __name__ == "__main__":
    sys.exit(main())
