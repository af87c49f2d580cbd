"""The bars of learning: verdicts of several seeds, pooled; differences are paired, intervals over facts of a seed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medrwr.evaluation.statistics import Interval, bootstrap_mean, paired_difference

FINAL = "grpo_multimodal"
Rows = dict[tuple[str, str], dict[str, dict[str, Any]]]
"""By (rung, cell) and question id: the verdict as `evaluate` wrote it."""


def read_verdicts(path: Path) -> Rows:
    """What one run's `reports/evaluation/per_question.jsonl` says."""
    rows: Rows = {}
    with path.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            rows.setdefault((row["rung"], row["cell"]), {})[row["verdict"]["question_id"]] = row["verdict"]
    return rows


@dataclass
class Pool:
    """Verdicts of all seeds; a question's id and its fact carry the seed, for each seed is another world."""

    rows: Rows = field(default_factory=dict)
    seeds: list[int] = field(default_factory=list)

    def add(self, seed: int, rows: Rows) -> None:
        self.seeds.append(seed)
        for key, verdicts in rows.items():
            known = self.rows.setdefault(key, {})
            for question, verdict in verdicts.items():
                known[f"{seed}:{question}"] = {**verdict, "cluster": f"{seed}:{verdict['cluster']}"}

    def mean(self, rung: str, cells: Iterable[str], what: str = "correct") -> Interval:
        """Share of verdicts with `what`, over the cells."""
        verdicts = [verdict for cell in cells for verdict in self.rows.get((rung, cell), {}).values()]
        return bootstrap_mean([float(v[what]) for v in verdicts], [v["cluster"] for v in verdicts])

    def difference(self, first: str, second: str, cells: Iterable[str], what: str = "correct") -> Interval:
        """Second rung minus first, on the questions that both answered."""
        pairs = []
        for cell in cells:
            one, two = self.rows.get((first, cell), {}), self.rows.get((second, cell), {})
            pairs += [(one[question], two[question]) for question in one if question in two]
        firsts, seconds = ([float(pair[i][what]) for pair in pairs] for i in (0, 1))
        return paired_difference(firsts, seconds, [pair[0]["cluster"] for pair in pairs]).interval


@dataclass(frozen=True)
class Bar:
    """A measured figure, and whether it is good enough. `asked` says what was asked; `interval` where there is one."""

    name: str
    value: float
    asked: str
    met: bool
    interval: Interval | None = None

    def shown(self) -> str:
        """Shares in percent with their interval; anything else as it is."""
        if self.interval is None:
            return f"{self.value:.1f}"
        return f"{100 * self.value:.1f} [{100 * self.interval.lower:.1f}, {100 * self.interval.upper:.1f}]"

    @property
    def questions(self) -> str:
        return "" if self.interval is None else str(self.interval.questions)

    def line(self) -> str:
        verdict = "ok" if self.met else "MISSED"
        return f"  {self.name:32} {self.shown():22} n {self.questions:5} {self.asked:28} {verdict}"

    def figures(self) -> dict[str, object]:
        spread = {} if self.interval is None else {"lower": self.interval.lower, "upper": self.interval.upper}
        return {"value": round(self.value, 4), **{k: round(v, 4) for k, v in spread.items()}, "met": self.met}


def bars(pool: Pool, *, slowest: float) -> list[Bar]:
    """Every bar, in the order of the story: base, stages, retrieval, two hops, re-retrieval, time."""
    image, text, hops = ["held_out_image"], ["held_out_text"], ["two_hop_text", "two_hop_image"]
    in_text, in_image = ["held_in_text"], ["held_in_image"]
    every = [*in_text, *in_image, *text, *image]
    again = [*image, *in_image]
    minutes = slowest / 60
    return [
        _below("base_valid_protocol", pool.mean("base", every, "parsed"), 0.05),
        _rise("sft_protocol_validity", pool.difference("base", "sft", every, "parsed")),
        _rise("text_stage_held_in_text", pool.difference("sft", "grpo_text", in_text)),
        _rise("image_stage_held_in_image", pool.difference("grpo_text", FINAL, in_image)),
        _keep("text_stage_keeps_image", pool.difference("sft", "grpo_text", in_image)),
        _keep("text_stage_keeps_validity", pool.difference("sft", "grpo_text", every, "parsed")),
        _keep("image_stage_keeps_text", pool.difference("grpo_text", FINAL, in_text)),
        _keep("image_stage_keeps_validity", pool.difference("grpo_text", FINAL, every, "parsed")),
        _near("no_retrieval_held_out_image", pool.mean("no_retrieval", image), 0.25, 0.03),
        _at_least("no_retrieval_parsed", pool.mean("no_retrieval", image, "parsed"), 0.95),
        _at_least("final_held_out_image", pool.mean(FINAL, image), 0.75),
        _at_least("over_no_retrieval_image", pool.difference("no_retrieval", FINAL, image), 0.25),
        _at_least("over_question_as_query_image", pool.difference("question_as_query", FINAL, image), 0.25),
        _at_least("over_question_as_query_text", pool.difference("question_as_query", FINAL, text), 0.05),
        _at_least("second_query_two_hops", pool.difference("one_query", FINAL, hops), 0.10),
        _lower_above("cdir_over_no_cdir", pool.difference(FINAL, "cdir", again), -0.01),
        Bar("stages_minutes_slowest_seed", minutes, "at most 25", minutes <= 25),
    ]


def _at_least(name: str, found: Interval, bar: float) -> Bar:
    return Bar(name, found.estimate, f"at least {100 * bar:g}", found.estimate >= bar, found)


def _below(name: str, found: Interval, bar: float) -> Bar:
    return Bar(name, found.estimate, f"below {100 * bar:g}", found.estimate < bar, found)


def _near(name: str, found: Interval, middle: float, margin: float) -> Bar:
    within = abs(found.estimate - middle) <= margin
    return Bar(name, found.estimate, f"within {100 * margin:g} of {100 * middle:g}", within, found)


def _rise(name: str, found: Interval) -> Bar:
    return Bar(name, found.estimate, "rises: lower bound above 0", found.lower > 0, found)


def _keep(name: str, found: Interval) -> Bar:
    return Bar(name, found.estimate, "loses at most 2", found.estimate >= -0.02, found)


def _lower_above(name: str, found: Interval, bar: float) -> Bar:
    return Bar(name, found.estimate, f"lower bound above {100 * bar:g}", found.lower > bar, found)
