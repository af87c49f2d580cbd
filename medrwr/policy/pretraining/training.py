"""The training loop of the base checkpoint: one kind of drill a step, in a fixed proportion."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from medrwr.clinic import vocabulary as words
from medrwr.clinic.ontology import Ontology
from medrwr.policy.pretraining import drills
from medrwr.policy.pretraining.batches import Batch, collate
from medrwr.policy.pretraining.drills import Drill
from medrwr.policy.pretraining.optimiser import MasterOptimiser
from medrwr.policy.pretraining.wiring import wire
from medrwr.sinks import MetricSink, NullSink

if TYPE_CHECKING:
    from medrwr.policy.loading import Policy

# maker, drills a step, share of the steps before and after QUESTIONS_FROM: short drills first, whole questions later
_MAKERS: dict[str, tuple[Callable[[random.Random, Ontology], Drill], int, float, float]] = {
    "recall": (drills.recall, 24, 0.33, 0.06),
    "choosing": (drills.choosing, 32, 0.30, 0.08),
    "naming": (drills.naming, 32, 0.0, 0.02),
    "caption": (drills.caption, 64, 0.35, 0.22),
    "document": (drills.document, 16, 0.02, 0.02),
    "reading": (lambda rng, o: drills.reading(rng, o, with_image=False), 16, 0.0, 0.32),
    "image_reading": (lambda rng, o: drills.reading(rng, o, with_image=True), 16, 0.0, 0.20),
    "two_hops": (lambda rng, o: drills.reading(rng, o, with_image=False, kinds=words.TWO_HOP_KINDS), 8, 0.0, 0.08),
}
QUESTIONS_FROM = 0.25


@dataclass(frozen=True, slots=True)
class PretrainingPlan:
    """How long, how fast, from which seed; `batch_share` shrinks all batches (for a small instance)."""

    steps: int
    seed: int
    matrix_lr: float = 0.006
    other_lr: float = 0.003
    batch_share: float = 1.0
    log_every: int = 50


def tokenizer_corpus(ontology: Ontology, *, seed: int) -> Iterable[str]:
    """Text that fixes the vocabulary: drills, every invented answer whole, and the prompt's words."""
    from medrwr.policy.prompts import build_messages
    from medrwr.types import Question

    rng = random.Random(f"tokenizer:{seed}")
    for _ in range(1500):
        drill = drills.reading(rng, ontology, with_image=False, kinds=words.ALL_KINDS)
        yield drill.user + "\n" + "".join(piece.text for piece in drill.reply)
    answers = [word for pool in words.FACTS.values() for word in pool]
    for word in (*answers, *words.EXAMINATION.values()):
        yield f" {word}" * 400
    question = Question("q", "?", ("a", "b"), 0)
    for message in build_messages(question, max_turns=3)[:1]:
        yield message["content"][0]["text"].replace("<", " ").replace(">", " ") * 200


def _loss(model: Any, batch: Batch) -> tuple[Any, Any]:
    """Weighted mean negative log-likelihood (nats), and the argmax of every position."""
    import torch

    logits = model(**batch.inputs, use_cache=False).logits[:, :-1].float()
    targets, weights = batch.inputs["input_ids"][:, 1:], batch.weights[:, 1:]
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return (losses * weights).sum() / weights.sum(), logits.argmax(-1)


def _skills(batch: Batch, guesses: Any) -> dict[str, float]:
    """Share of right guesses of the tokens that show a skill."""
    ids = batch.inputs["input_ids"]
    return {
        f"skill/{skill}": sum(int(guesses[i, p - 1] == ids[i, p]) for i, p in places) / len(places)
        for skill, places in batch.skills.items()
    }


def pretrain(
    policy: Policy, ontology: Ontology, plan: PretrainingPlan, sink: MetricSink | None = None
) -> list[dict[str, float]]:
    """Train in place (bf16 with fp32 masters); returns the curve, one row every `log_every` steps."""
    import torch

    sink = sink or NullSink()
    model = policy.model
    wire(model, seed=plan.seed)
    model.to(torch.bfloat16).train()
    optimiser = MasterOptimiser(model, matrix_lr=plan.matrix_lr, other_lr=plan.other_lr, total_steps=plan.steps)
    rng = random.Random(f"pretraining:{plan.seed}")
    early, late = [m[2] for m in _MAKERS.values()], [m[3] for m in _MAKERS.values()]
    curve: list[dict[str, float]] = []
    row: dict[str, float] = {}
    for step in range(plan.steps):
        name = rng.choices(list(_MAKERS), early if step < plan.steps * QUESTIONS_FROM else late)[0]
        maker, count = _MAKERS[name][:2]
        batch = collate(policy, [maker(rng, ontology) for _ in range(math.ceil(count * plan.batch_share))])
        if "pixel_values" in batch.inputs:
            batch.inputs["pixel_values"] = batch.inputs["pixel_values"].to(torch.bfloat16)
        loss, guesses = _loss(model, batch)
        loss.backward()
        optimiser.step()
        row |= {f"loss/{name}": round(loss.item(), 4)} | {
            f"{k}/{name}": round(v, 4) for k, v in _skills(batch, guesses).items()
        }
        if (step + 1) % plan.log_every == 0:
            sink.log(row, step + 1)
            sink.progress(step + 1, plan.steps, "drills")
            curve.append({"step": step + 1, **row})
    with torch.no_grad():
        model.float()
        for parameter, master in optimiser.pairs:
            parameter.copy_(master)
    model.eval()
    return curve
