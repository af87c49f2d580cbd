"""Rollouts and GRPO: how fast, how exact, at what cost; measured side by side.

    python -m tests.benchmarks.rollout --check           everything: some minutes on two cores
    python -m tests.benchmarks.rollout --check --small   fewer episodes, steps and families: for CI
    python -m tests.benchmarks.rollout --only speed      some parts: speed, agreement, cost, large, processes, resume
    python -m tests.benchmarks.rollout --device cuda     what the accelerator does: speed, agreement, cost, large

Speed is against a faithful loop of the reference (`reference_loop`), same policy, prompts and retriever, one thread,
on processor time, so that what else the machine does is not measured. The policy has the embedded default's size (1.5
million parameters) and is trained here, for seconds, to write whole episodes, retrieve block included, and to end its
turn: a policy that nobody stops would do that. The last line is JSON. With --check a missed bar ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import operator
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.benchmarks.rollout_agreement import agreement
from tests.benchmarks.rollout_cost import step_cost
from tests.benchmarks.rollout_large import large
from tests.benchmarks.rollout_runs import processes, resume
from tests.benchmarks.rollout_speed import speed
from tests.rollout.families import FAMILIES

Part = Callable[..., dict[str, float]]
ON_DEVICE: Mapping[str, Part] = {"speed": speed, "agreement": agreement, "cost": step_cost, "large": large}
IN_PROCESSES: Mapping[str, Part] = {"processes": processes, "resume": resume}  # on the processor, whatever the device
PARTS = (*ON_DEVICE, *IN_PROCESSES)


@dataclass(frozen=True)
class Bar:
    """What a figure has to reach; `at` is '<=' or '>='."""

    at: str
    value: float

    def met(self, figure: float) -> bool:
        return (operator.le if self.at == "<=" else operator.ge)(figure, self.value)


BARS = {
    "times_reference_batch_64": Bar(">=", 3.0),
    "times_reference_batch_2": Bar(">=", 5.0),
    "same_answers": Bar(">=", 1.0),
    **{f"logprob_fp32_{family.replace(' ', '_')}": Bar("<=", 1e-4) for family in FAMILIES},
    "logprob_fp32_image_midway": Bar("<=", 1e-4),
    **{f"logprob_bf16_{family.replace(' ', '_')}": Bar("<=", 0.05) for family in FAMILIES},
    "step_over_its_parts": Bar("<=", 1.15),
    "zero2_is_deepspeed": Bar(">=", 1.0),
    "zero2_loss_difference": Bar("<=", 1e-3),
    "resumed_equal": Bar(">=", 1.0),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="fewer episodes, steps and families")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--only", choices=PARTS, nargs="+", help="some parts")
    options = parser.parse_args()
    torch.set_num_threads(1)
    figures: dict[str, float] = {}
    for name in options.only or usual_parts(options.device, small=options.small):
        with tempfile.TemporaryDirectory() as folder:
            found = measure(name, Path(folder), small=options.small, device=options.device)
        figures |= found
        show(name, found)
    missed = [name for name, value in figures.items() if name in BARS and not BARS[name].met(value)]
    print(json.dumps({"benchmark": "rollout", "met": not missed, "missed": missed, **figures}))
    return 1 if missed and options.check else 0


def usual_parts(device: str, *, small: bool) -> list[str]:
    """On the processor a policy of real size is left out: it would take hours. Small, its toy is measured."""
    if device != "cpu":
        return list(ON_DEVICE)
    return [name for name in PARTS if name != "large" or small]


def measure(name: str, folder: Path, *, small: bool, device: str) -> dict[str, float]:
    """One part's figures; those of the large policy under names of their own, since they have no bar."""
    if name in IN_PROCESSES:
        return IN_PROCESSES[name](folder, small=small)
    found = ON_DEVICE[name](folder, small=small, device=device)
    return {f"large_{figure}": value for figure, value in found.items()} if name == "large" else found


def show(part: str, figures: Mapping[str, float]) -> None:
    """Figures one below the other, each with its bar."""
    print(f"\n{part}")
    for name, value in figures.items():
        bar = f"   bar {BARS[name].at} {BARS[name].value:g}" if name in BARS else ""
        print(f"  {name:<32}{value:>12.6g}{bar}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
