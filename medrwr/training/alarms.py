"""Collapse alarms: a policy that stops asking, copies, repeats itself, rambles or earns the same everywhere.

While a measure is out of its bounds no checkpoint is written, so the last one is from before; when it stays out for
`PATIENCE` steps, the alarm sounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from transformers import TrainerCallback
from typing_extensions import override

PATIENCE = 10  # steps


@dataclass(frozen=True, slots=True)
class Bound:
    """A measure of the trainer's log and the range it should stay in; `of_start`: in multiples of its first value."""

    measure: str
    low: float = float("-inf")
    high: float = float("inf")
    of_start: bool = False

    def broken_by(self, value: float, start: float) -> bool:
        """Whether `value` is out of bounds."""
        scale = start if self.of_start else 1.0
        return not self.low * scale <= value <= self.high * scale


BOUNDS = (
    Bound("query_rate", low=0.05),
    Bound("copy_rate", high=0.5),
    Bound("policy_entropy", low=0.002, high=5.0),
    Bound("sampled_tokens", low=0.25, high=4.0, of_start=True),
    Bound("frac_reward_zero_std", high=0.99),
)


class CollapseAlarm(TrainerCallback):
    """Watches the log; with `mode` 'stop' it ends the training, with 'warn' it only tells.

    `message` says what happened once an alarm has sounded.
    """

    def __init__(
        self, mode: Literal["warn", "stop"], bounds: Sequence[Bound] = BOUNDS, patience: int = PATIENCE
    ) -> None:
        self.message = ""
        self._mode = mode
        self._bounds = bounds
        self._patience = patience
        self._start: dict[str, float] = {}
        self._streaks: dict[str, int] = {}

    @property
    def breached(self) -> bool:
        """A measure is out of its bounds now."""
        return any(self._streaks.values())

    @override
    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A resumed run remembers the steps before its checkpoint."""
        for entry in state.log_history:
            self._look(entry, int(entry["step"]))

    @override
    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The log comes before the checkpoint of the same step."""
        self._look(kwargs.get("logs") or {}, state.global_step)
        if self._mode == "stop":
            control.should_save = control.should_save and not self.breached
            control.should_training_stop = control.should_training_stop or bool(self.message)

    def _look(self, entry: Mapping[str, Any], step: int) -> None:
        for bound in self._bounds:
            if bound.measure not in entry:
                continue
            value = float(entry[bound.measure])
            start = self._start.setdefault(bound.measure, value)
            broken = bound.broken_by(value, start)
            self._streaks[bound.measure] = self._streaks.get(bound.measure, 0) + 1 if broken else 0
            if self._streaks[bound.measure] == self._patience and not self.message:
                scale = start if bound.of_start else 1.0
                self.message = (
                    f"{bound.measure} is {value:.4g} at step {step}, and has been out of "
                    f"{bound.low * scale:.4g} to {bound.high * scale:.4g} for {self._patience} steps"
                )
