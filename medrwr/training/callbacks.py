"""The trainer's log, passed on to a `MetricSink`."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback
from typing_extensions import override

from medrwr.sinks import MetricSink

_NOT_CURVES = ("epoch", "step", "total_flos")


class SinkCallback(TrainerCallback):
    """Sends each step's numbers and the progress to a sink."""

    def __init__(self, sink: MetricSink, label: str) -> None:
        self._sink = sink
        self._label = label

    @override
    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A resumed run shows the steps before its checkpoint as well."""
        for entry in state.log_history:
            self._send(entry, int(entry["step"]))

    @override
    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Numbers of one step; the summary that the trainer logs at its end is left out."""
        logs: dict[str, Any] = kwargs.get("logs") or {}
        if not any(name.startswith("train_") for name in logs):
            self._send(logs, state.global_step)

    @override
    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._sink.progress(state.global_step, state.max_steps, self._label)

    def _send(self, logs: dict[str, Any], step: int) -> None:
        numbers = {name: float(value) for name, value in logs.items() if isinstance(value, int | float)}
        self._sink.log({name: value for name, value in numbers.items() if name not in _NOT_CURVES}, step=step)
