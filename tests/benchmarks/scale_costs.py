"""What the paper's scale takes and costs: measured unit costs times params/paper.yaml, under named assumptions.

Every assumption is a field of `Assumptions`: `python -m tests.benchmarks.scale_plan --set gpu_hour_usd=1.9` prints the
table with another. Times grow in proportion to parameters and to tokens, which is an assumption of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

PAPER = Path(__file__).resolve().parents[2] / "params/paper.yaml"
_BYTES_STORED, _BYTES_CHECKPOINT = 2, 14  # bfloat16; the same, and float32 weights and two moments


@dataclasses.dataclass(frozen=True)
class Assumptions:
    """Prices are placeholders, not offers: put your provider's in their place."""

    gpu_hour_usd: float = 3.0
    two_core_hour_usd: float = 0.10
    gib_month_usd: float = 0.023
    gpus: float = 8
    policy_parameters_billion: float = 8.3
    encoder_times_minilm: float = 25  # BGE-M3's 568 million parameters over MiniLM's 22.7
    passages_million: float = 1
    tokens_an_episode: float = 1000
    sampled_tokens_an_episode: float = 300

    def changed(self, pairs: Sequence[str]) -> Assumptions:
        """With `name=value` in the place of some.

        Raises:
            ValueError: no such name, or no number.
        """
        known = {field.name for field in dataclasses.fields(self)}
        values: dict[str, float] = {}
        for pair in pairs:
            name, _, value = pair.partition("=")
            if name not in known:
                raise ValueError(f"no assumption is called {name!r}: there are {', '.join(sorted(known))}")
            values[name] = float(value)
        return dataclasses.replace(self, **values)


@dataclasses.dataclass(frozen=True)
class Units:
    """Measured: on 2 cores, and on one H100 with `billion` parameters and `tokens` an episode."""

    encoded_per_s: float
    build_s_a_million: float
    sampled_tokens_per_s: float
    train_s_an_episode: float
    tokens: float
    billion: float


def costs(units: Units, given: Assumptions) -> list[tuple[str, ...]]:
    """Rows: what, how much, GPU hours, 2-core hours, USD; the last is the sum."""
    paper = yaml.safe_load(PAPER.read_text(encoding="utf-8"))
    larger = given.policy_parameters_billion / units.billion
    generate_s = given.sampled_tokens_an_episode / units.sampled_tokens_per_s * larger
    train_s = units.train_s_an_episode * given.tokens_an_episode / units.tokens * larger
    count = given.passages_million * 1e6
    encode_h = count * given.encoder_times_minilm / units.encoded_per_s / 3600
    index_h = given.passages_million * units.build_s_a_million / 3600
    rows = [
        _row(given, "encode passages on CPUs", f"{count:,.0f}", cores_h=encode_h),
        _row(given, "index them", f"{count:,.0f}", cores_h=index_h),
    ]
    for stage in ("grpo_text", "grpo_multimodal"):
        episodes = _episodes(paper[stage])
        rows.append(_row(given, f"{stage}: rollouts", f"{episodes:,}", gpu_h=episodes * generate_s / 3600))
        rows.append(_row(given, f"{stage}: training", f"{episodes:,}", gpu_h=episodes * train_s / 3600))
    asked = paper["curate"]["rollouts"] * paper["clinic"]["rl_image_questions"]
    rows.append(_row(given, "curate: direct answers", f"{asked:,}", gpu_h=asked * generate_s / 3600))
    tested = paper["clinic"]["test_questions"] + paper["clinic"]["calibration_questions"]
    rows.append(_row(given, "calibrate, evaluate", f"{tested:,}", gpu_h=tested * generate_s / 3600))
    gib = given.policy_parameters_billion * 1e9 * (3 * _BYTES_STORED + 2 * _BYTES_CHECKPOINT) / 2**30
    rows.append(("3 models and 2 checkpoints, a month", f"{gib:,.0f} GiB", "", "", f"{gib * given.gib_month_usd:,.0f}"))
    return [*rows, _sum(rows, given)]


def _episodes(stage: dict[str, Any]) -> int:
    return int(stage["steps"] * stage["prompts_per_step"] * stage["num_generations"])


def _row(given: Assumptions, what: str, amount: str, *, gpu_h: float = 0, cores_h: float = 0) -> tuple[str, ...]:
    usd = gpu_h * given.gpu_hour_usd + cores_h * given.two_core_hour_usd
    return what, amount, f"{gpu_h:,.1f}" if gpu_h else "", f"{cores_h:,.2f}" if cores_h else "", f"{usd:,.0f}"


def _sum(rows: list[tuple[str, ...]], given: Assumptions) -> tuple[str, ...]:
    gpu_h, cores_h, usd = (sum(float(row[n].replace(",", "") or 0) for row in rows) for n in (2, 3, 4))
    days = gpu_h / given.gpus / 24
    return "all", f"{days:,.1f} days of {given.gpus:g} GPUs", f"{gpu_h:,.1f}", f"{cores_h:,.2f}", f"{usd:,.0f}"


def assumed(given: Assumptions) -> list[tuple[str, ...]]:
    """Rows: name and value, as `--set` takes them."""
    return [(name, f"{value:g}") for name, value in dataclasses.asdict(given).items()]
