"""Dynamic sampling (DAPO, Yu et al. 2025, arXiv:2503.14476): prompts that teach nothing make room for others.

When all rollouts of a prompt earn the same, their advantages are 0. Such a group's prompt is replaced by another of the
same difficulty and played anew, some rounds long; what stays without spread is trained on as it is (its gradient is 0).
What is drawn follows from seed, step, round and process, so a resumed run draws what the uninterrupted one would have.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from medrwr.errors import ConfigError
from medrwr.training.prompts import question_id_of
from medrwr.training.rollouts import Rollouts
from medrwr.types import Question, StopReason, Trajectory

_ALIKE = 1e-6  # totals closer than this are the same

Rows = list[dict[str, Any]]


@dataclass(slots=True)
class DynamicSampling:
    """TRL's `rollout_func` where prompts may be exchanged: `exchange` plays, the call hands over what was played.

    Attributes:
        reserve: questions that may step in; `rows` are theirs, as the trainer's data set gives them.
        rounds: how often groups without spread are replaced.
        group: rollouts of one prompt.
    """

    rollouts: Rollouts
    reserve: Sequence[Question]
    rows: Any
    rounds: int
    group: int
    _played: dict[str, Any] = field(default_factory=dict)

    def __call__(self, prompts: Sequence[Any], trainer: Any) -> dict[str, Any]:
        """What `exchange` has played for these prompts, in order."""
        played, self._played = self._played, {}
        return played or self.rollouts(prompts, trainer)

    def exchange(self, rows: Rows, trainer: Any) -> Rows:
        """The rows to train on, after playing them.

        Raises:
            ConfigError: a group is spread over processes.
        """
        if len(rows) % self.group:
            raise ConfigError(
                f"dynamic sampling needs whole groups on each process, got {len(rows)} rollouts in groups of "
                f"{self.group}: raise prompts_per_step, or set dynamic_sampling_rounds to 0"
            )
        rows, played = list(rows), self.rollouts([row["prompt"] for row in rows], trainer)
        replaced = 0
        for attempt in range(1, self.rounds + 1):
            stale = [start for start in range(0, len(rows), self.group) if not has_spread(self._group(played, start))]
            if not _anywhere(len(stale), trainer):
                break
            replaced += self._replace(stale, rows, played, trainer, attempt)
        self._played = played | {"replaced": [replaced * self.group / len(rows)] * len(rows)}
        return rows

    def _replace(self, stale: list[int], rows: Rows, played: dict[str, Any], trainer: Any, attempt: int) -> int:
        fresh = self._draw(
            [rows[start] for start in stale], {question_id_of(r["prompt"]) for r in rows}, trainer, attempt
        )
        repeated = [row for row in fresh for _ in range(self.group)]
        again = self.rollouts.play([row["prompt"] for row in repeated], trainer, attempt=attempt)
        replaced = 0
        for number, start in enumerate(stale):
            first = number * self.group
            if number < len(fresh) and has_spread(self._group(again, first)):
                rows[start : start + self.group] = repeated[first : first + self.group]
                for name, values in again.items():
                    played[name][start : start + self.group] = values[first : first + self.group]
                replaced += 1
        return replaced

    def _draw(self, stale: Rows, taken: set[str], trainer: Any, attempt: int) -> Rows:
        """A row of another question for each, of the same difficulty where there is one."""
        draw = random.Random(
            f"{self.rollouts.seed}-{trainer.state.global_step}-{trainer.accelerator.process_index}-{attempt}"
        )
        found = []
        for row in stale:
            difficulty = self.rollouts.questions[question_id_of(row["prompt"])].difficulty
            free = [n for n, question in enumerate(self.reserve) if question.question_id not in taken]
            chosen = draw.choice([n for n in free if self.reserve[n].difficulty == difficulty] or free or [0])
            taken = taken | {self.reserve[chosen].question_id}
            found.append(self.rows[chosen])
        return found

    def _group(self, played: Mapping[str, Any], start: int) -> list[tuple[Trajectory, Mapping[str, float]]]:
        rows = slice(start, start + self.group)
        return list(zip(played["trajectory"][rows], played["score"][rows], strict=True))


def has_spread(group: Sequence[tuple[Trajectory, Mapping[str, float]]]) -> bool:
    """Whether the rollouts of one prompt earn different totals; those whose retriever failed do not count."""
    totals = [score["total"] for trajectory, score in group if trajectory.stop_reason is not StopReason.RETRIEVER]
    return bool(totals) and max(totals) - min(totals) > _ALIKE


def _anywhere(count: int, trainer: Any) -> bool:
    """Whether any process has something to do: all go through the same rounds."""
    if trainer.accelerator.num_processes == 1:
        return count > 0
    import torch

    counts = trainer.accelerator.gather(torch.tensor([count], device=trainer.accelerator.device))
    return bool(counts.sum() > 0)
