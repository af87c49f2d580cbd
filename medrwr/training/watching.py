"""What a person may look at: every so many-th trajectory of a training run as a trace, the last step as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medrwr.rollout.page import ShownGroup
from medrwr.sinks import TraceSink
from medrwr.types import Group, Question, Trajectory

_SMALL = 1e-4  # what TRL adds to a spread


@dataclass(slots=True)
class Watcher:
    """Told of each step's trajectories; sends some on as traces, and remembers the last step.

    Attributes:
        every: every so many-th trajectory becomes a trace; 0: none.
    """

    traces: TraceSink | None = None
    every: int = 0
    _seen: int = 0
    _last: tuple[Sequence[Question], Sequence[Trajectory], Sequence[Mapping[str, float]]] = ((), (), ())

    def __call__(
        self,
        step: int,
        questions: Sequence[Question],
        trajectories: Sequence[Trajectory],
        scores: Sequence[Mapping[str, float]],
    ) -> None:
        """One step's rollouts."""
        self._last = (tuple(questions), tuple(trajectories), tuple(scores))
        if self.traces is None or self.every == 0:
            return
        for question, trajectory, score in zip(questions, trajectories, scores, strict=True):
            if self._seen % self.every == 0:
                self.traces.trace(question, trajectory, score, {"step": str(step)})
            self._seen += 1

    def last_groups(self) -> list[ShownGroup]:
        """The last step's groups, with rewards and advantages, in the order in which they were played."""
        questions, trajectories, scores = self._last
        rows: dict[str, list[int]] = {}
        for row, question in enumerate(questions):
            rows.setdefault(question.question_id, []).append(row)
        shown = []
        for chosen in rows.values():
            rewards = tuple(scores[row]["total"] for row in chosen)
            group = Group(
                questions[chosen[0]], tuple(trajectories[row] for row in chosen), rewards, advantages_of(rewards)
            )
            shown.append(ShownGroup(group, [scores[row] for row in chosen]))
        return shown


def advantages_of(rewards: Sequence[float]) -> tuple[float, ...]:
    """Standard scores in the group (M22), as the trainer computes them from summed rewards."""
    mean = sum(rewards) / len(rewards)
    spread = (sum((reward - mean) ** 2 for reward in rewards) / max(len(rewards) - 1, 1)) ** 0.5
    return tuple((reward - mean) / (spread + _SMALL) for reward in rewards)
