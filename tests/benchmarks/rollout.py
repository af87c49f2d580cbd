"""How long one batch of rollouts takes, and how far its log-probabilities are from the trainer's forward pass.

    python -m tests.benchmarks.rollout --check           64 episodes of 8 image questions, three passages a query
    python -m tests.benchmarks.rollout --check --small   16 episodes: for CI

The policy has the embedded default's size (1.5 million parameters) and is trained here, for seconds, to keep to the
protocol; one thread, and the bar is on its processor time, so that what else the machine does is not measured. The
last line is JSON. With --check a missed bar ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from medrwr.config import RolloutSettings
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.rollout.logprobs import rollout_logprobs
from tests.rollout.world import DictionaryRetriever, Size, build_policy, draw_images, question

SIZE = Size(width=128, layers=4, steps=40, passages=3, filler=42)  # passages of about 50 words
BARS = {"cpu_seconds": 2.5, "logprob_difference": 1e-4}


def measure(root: Path, *, groups: int, repeats: int = 3) -> dict[str, float]:
    policy = build_policy(draw_images(root), SIZE)
    retriever = DictionaryRetriever(passages=3, filler=SIZE.filler)
    engine = RolloutEngine(policy, retriever, RolloutSettings())
    requests = [RolloutRequest(question(n // 8, image=True), root, max_turns=1) for n in range(groups * 8)]
    engine.run(requests)
    seconds, cpu_seconds = [], []
    for _ in range(repeats):
        start, cpu_start = time.perf_counter(), time.process_time()
        trajectories = engine.run(requests)
        seconds.append(time.perf_counter() - start)
        cpu_seconds.append(time.process_time() - cpu_start)
    images = [context.images for context in engine.prompts(requests)]
    forward = rollout_logprobs(policy, trajectories, images)
    pairs = zip(trajectories, forward, strict=True)
    taken = statistics.median(seconds)
    sampled = sum(sum(t.env_mask) for t in trajectories)
    return {
        "episodes": len(trajectories),
        "well_formed": sum(t.well_formed for t in trajectories) / len(trajectories),
        "longest_sequence": max(len(t.prompt_ids) + len(t.completion_ids) for t in trajectories),
        "sampled_tokens": sampled,
        "seconds": taken,
        "cpu_seconds": statistics.median(cpu_seconds),
        "sampled_tokens_a_second": sampled / taken,
        "logprob_difference": max(float(np.abs(np.subtract(t.logprobs, own)).max()) for t, own in pairs),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="16 episodes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), groups=2 if options.small else 8)
    for name, value in figures.items():
        bar = f"   at most {BARS[name]:g}" if name in BARS else ""
        print(f"{name:<26}{value:>12.6g}{bar}")
    met = all(figures[name] <= bar for name, bar in BARS.items())
    print(json.dumps({"benchmark": "rollout", "met": met, **figures}))
    return 0 if met or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
