"""A policy of real size: the published configuration of Qwen2.5-VL 3B with random weights, on an accelerator.

It is taught eight episodes, retrieve block included, so that it plays as a trained policy does; then it plays beside
the reference's loop and takes GRPO steps, in bfloat16. Small, the same on a policy of toy size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from medrwr.config import GrpoSettings, RolloutSettings
from medrwr.policy import tiny
from medrwr.policy.loading import Policy
from medrwr.policy.precision import exact_head
from medrwr.rollout.engine import RolloutEngine
from medrwr.rollout.logprobs import training_inputs
from medrwr.sinks import NullSink
from medrwr.training.grpo import GrpoTask, train_grpo
from medrwr.training.sparing import SparingTrainer
from medrwr.training.trainer_arguments import RunOptions
from medrwr.training.work import WorkFolder
from tests.benchmarks.clock import timing
from tests.benchmarks.grpo_run import VowelScorer
from tests.benchmarks.rollout_speed import SIZE, beside_reference, retriever
from tests.rollout.world import Row, corpus, draw_images, question, training_rows

TEXT = {
    "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
    "num_attention_heads": 16, "num_key_value_heads": 2, "max_position_embeddings": 128000,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
}  # fmt: skip
VISION = {
    "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 2048,
    "fullatt_block_indexes": [7, 15, 23, 31],
}  # fmt: skip
ENOUGH = 0.02  # nats a token, at which teaching ends


def large(root: Path, *, small: bool, device: str) -> dict[str, float]:
    """Parameters, episodes and tokens a second beside the reference's, seconds and memory of a GRPO step."""
    draw_images(root, side=112 if small else 448)
    policy = random_policy(device, toy=small)
    figures = {"parameters": float(sum(p.numel() for p in policy.model.parameters()))}
    figures["taught_to_loss"] = teach(policy, training_rows(policy, root, SIZE), toy=small)
    policy.model.to(torch.bfloat16)
    policy = replace(policy, dtype="bfloat16")
    exact_head(policy.model)
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
    figures |= beside_reference(policy, root, ((8, 8), (2, 2)) if small else ((64, 64), (2, 4)))
    figures |= {"rollout_peak_gib": peak_gib(device)}
    return figures | grpo_steps(policy, root, small=small)


def random_policy(device: str, *, toy: bool) -> Policy:
    """Random weights in float32, made where they are used."""
    from transformers import Qwen2_5_VLForConditionalGeneration

    tokenizer = tiny.train_tokenizer(corpus(), vocab_size=640)
    config: Any = tiny.build_config(tokenizer, width=64 if toy else 2048, layers=2, heads=2 if toy else 16)
    if not toy:
        for name, value in TEXT.items():
            setattr(config.text_config, name, value)
        for name, value in VISION.items():
            setattr(config.vision_config, name, value)
        config.text_config.layer_types = ["full_attention"] * config.text_config.num_hidden_layers
    torch.manual_seed(0)
    with torch.device(device):
        model: Any = Qwen2_5_VLForConditionalGeneration(config)
    tiny.initialise(model, layers=config.text_config.num_hidden_layers)
    model.generation_config.eos_token_id = config.text_config.eos_token_id
    processor = tiny.build_processor(tokenizer, max_pixels=262144)
    return Policy(model.eval(), processor, tokenizer, "random", device, "float32")


def teach(policy: Policy, rows: Sequence[Row], *, toy: bool) -> float:
    """Cross-entropy on the rows in bfloat16 products, until it is low; the vision tower stays as it is."""
    model, steps, rate = policy.model, 60 if toy else 200, 4e-3 if toy else 3e-4
    model.model.visual.requires_grad_(False)
    model.activation_checkpointing_enable()
    model.train()
    inputs = training_inputs(
        policy, [[*context.ids, *told] for context, told, _ in rows], [i for c, _, _ in rows for i in c.images]
    )
    longest = max(len(told) for _, told, _ in rows)
    mask = torch.tensor([[0] * (longest - len(m)) + list(m) for _, _, m in rows], device=model.device)
    target = inputs["input_ids"][:, -longest:]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=rate, foreach=False)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 10)
        with torch.autocast(model.device.type, torch.bfloat16):
            logits = model(**inputs, use_cache=False, logits_to_keep=longest + 1).logits[:, :-1]
        losses = torch.nn.functional.cross_entropy(logits.float().transpose(1, 2), target, reduction="none")
        loss = (losses * mask).sum() / mask.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        last = loss.item()
        if last < ENOUGH:
            break
    model.activation_checkpointing_disable()
    model.eval()
    return last


def grpo_steps(policy: Policy, root: Path, *, small: bool) -> dict[str, float]:
    """LoRA of rank 16, 8 prompts x 8 rollouts (2 x 2 small): the median step, its rollouts, and the memory it takes."""
    side, steps = (2, 2) if small else (8, 4)
    settings = GrpoSettings(
        steps=steps, num_generations=side, prompts_per_step=side, learning_rate=1e-5, save_steps=10_000, alarms="off",
        lora_rank=16, gradient_checkpointing=True,
    )  # fmt: skip
    questions = [question(n, image=True) for n in range(side * steps)]
    engine = RolloutEngine(policy, retriever(), RolloutSettings(max_turn_tokens=64))
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with timing(SparingTrainer, "training_step") as taken, timing(RolloutEngine, "run") as played:
        train_grpo(
            policy, GrpoTask(questions, root, 3, 448, engine, VowelScorer()), settings,
            options=RunOptions(policy.device, "bfloat16", 5), work=WorkFolder(root / "large", "inputs"),
            sink=NullSink(),
        )  # fmt: skip
    step, rollouts = (sorted(each)[len(each) // 2] for each in (taken, played))
    return {"grpo_step_s": step, "grpo_rollouts_s": rollouts, "grpo_peak_gib": peak_gib(policy.device)}


def peak_gib(device: str) -> float:
    """Memory that tensors took at most on the accelerator since the last reset; 0 without one."""
    return torch.cuda.max_memory_allocated() / 2**30 if device != "cpu" else 0.0
