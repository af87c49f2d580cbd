"""GRPOTrainer without the work that changes nothing: rows whose advantage is 0 stay out of the training pass.

When all rollouts of a prompt earn the same, their advantages are 0, and so is their gradient; a policy that has learned
much has many such groups. The loss of `dapo` divides by the sampled tokens of the whole batch, counted before, so the
gradient stays what it was. (DAPO itself samples other prompts in their place: `dynamic`.)
"""

from __future__ import annotations

from typing import Any

from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.utils import split_pixel_values_by_grid, unsplit_pixel_values_by_grid

from medrwr.training.aggregation import Decoupled
from medrwr.training.dynamic import DynamicSampling
from medrwr.types import StopReason

_NEGLIGIBLE = 1e-3  # of a standard score: what rounding leaves of a spread of zero


class SparingTrainer(GRPOTrainer):
    """Spares rows where that is exact: `dapo`, no KL, no entropy bonus, one process (several need equal shapes).

    Attributes:
        decoupled: rewards are normalised one by one; None: their sum is (TRL's own way).
        exchange: prompts without spread are replaced; None: they stay.
    """

    decoupled: Decoupled | None = None
    exchange: DynamicSampling | None = None

    @property
    def spares(self) -> bool:
        """Whether rows may be left out."""
        alone = self.accelerator.num_processes == 1
        return alone and self.loss_type == "dapo" and self.beta == 0 and self.entropy_coef == 0

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        training = self.model is not None and self.model.training
        rows = self.exchange.exchange(inputs, self) if self.exchange and training else inputs
        generate: Any = super()._generate_and_score_completions
        return generate(rows)

    def _calculate_rewards(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        calculate: Any = super()._calculate_rewards
        totals = calculate(inputs, *args, **kwargs)
        if self.decoupled is None:
            return totals
        scores = [None if row["trajectory"].stop_reason is StopReason.RETRIEVER else row["score"] for row in inputs]
        parts = self.accelerator.gather(self.decoupled.parts(scores).to(totals.device))
        return self.decoupled.combine(parts)

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
        compute: Any = super()._compute_loss  # TRL leaves it untyped
        return compute(model, rows_that_count(inputs) if self.spares else inputs)


def rows_that_count(batch: dict[str, Any]) -> dict[str, Any]:
    """The rows of a training batch with an advantage; the first one when none has any, for a gradient of zero."""
    counts = batch["advantages"].abs() > _NEGLIGIBLE
    if counts.all():
        return batch
    rows = counts.nonzero()[:, 0].tolist() or [0]
    split = split_pixel_values_by_grid(batch)
    return dict(unsplit_pixel_values_by_grid({name: _select(value, rows) for name, value in split.items()}))


def _select(value: Any, rows: list[int]) -> Any:
    """These rows of a tensor or a list; a number stays."""
    import torch

    if isinstance(value, torch.Tensor):
        return value[rows] if value.ndim else value
    return [value[row] for row in rows] if isinstance(value, list) else value
