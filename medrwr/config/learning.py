"""Sections of params.yaml for the policy: base model, rollouts, rewards, SFT and GRPO."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from medrwr.config.section import ConfigSection


class BaseModelSettings(ConfigSection):
    """Where the base checkpoint comes from, and, for the embedded one, how it was trained."""

    checkpoint: str = Field("models/base", description="a folder, or the name of an image-text-to-text model on a hub")
    revision: str | None = None
    train_seed: int = 11
    train_steps: int = Field(3000, ge=1)
    max_pixels: int = Field(3136, ge=784)


class RolloutSettings(ConfigSection):
    """One episode (M2, M3). Token counts are of the policy's tokenizer."""

    max_turns: int = Field(3, ge=0, description="retrievals allowed before the answer is forced")
    max_turn_tokens: int = Field(48, ge=8, description="sampled tokens between two stops")
    max_completion_tokens: int = Field(448, ge=32)
    batch_size: int = Field(64, ge=1)
    temperature: float = Field(1.0, ge=0)
    retriever_timeout_s: float = Field(10.0, gt=0)
    retriever_retries: int = Field(2, ge=0)


class RewardSettings(ConfigSection):
    """Weights of M20 and the profile of M21; `released` is the reference's code with its faults, to compare with."""

    profile: Literal["paper", "reference", "released"] = "paper"
    format_weight: float = 1.0
    accuracy_weight: float = 5.0
    query_weight: float = 0.4
    confidence_weight: float = 5.0
    confidence_clip: float | None = Field(1.0, description="None: not clipped, as in the paper")
    confidence_vocabulary: Literal["options", "full"] = "options"
    confidence_floor: Literal["chance", "group"] = Field(
        "chance", description="with guards: the least that the probability before retrieval counts as"
    )
    ground_truth: Literal["option", "option_and_explanation"] = "option_and_explanation"
    guards: bool = Field(
        True, description="no credit for a copied question, for listing options, for a confidence below chance before"
    )


class SftSettings(ConfigSection):
    """The cold start that teaches the protocol (M24)."""

    enabled: bool = True
    epochs: float = Field(3.0, gt=0)
    learning_rate: float = Field(1e-3, gt=0)
    batch_size: int = Field(8, ge=1)
    warmup_ratio: float = Field(0.05, ge=0, le=1)


class GrpoSettings(ConfigSection):
    """One GRPO stage (M22, M23)."""

    enabled: bool = Field(True, description="false: the previous stage's model goes on as it is")
    rewards: tuple[Literal["format", "accuracy", "query_text", "query_image", "confidence"], ...] = (
        "format",
        "accuracy",
    )
    steps: int = Field(80, ge=1)
    num_generations: int = Field(8, ge=2)
    prompts_per_step: int = Field(8, ge=1)
    learning_rate: float = Field(3e-4, gt=0)
    warmup_ratio: float = Field(0.05, ge=0, le=1)
    beta: float = Field(0.0, ge=0)
    epsilon: float = Field(0.2, gt=0)
    epsilon_high: float = Field(0.28, gt=0)
    loss_type: Literal["dapo", "grpo", "bnpo", "dr_grpo"] = "dapo"
    temperature: float = Field(1.0, gt=0)
    gradient_accumulation_steps: int = Field(1, ge=1)
    gradient_checkpointing: bool = False
    save_steps: int = Field(20, ge=1)
    deepspeed: str | None = Field(None, description="a DeepSpeed JSON below infra/deepspeed")
    launcher: Literal["local", "torchrun", "ray", "kubernetes"] = Field(
        "local", description="who starts the processes; torchrun: start the stage on each node yourself"
    )
    processes: int = Field(1, ge=0, description="on each node; 0: one for each accelerator")
    nodes: int = Field(1, ge=1, description="machines; more than one needs a launcher other than local")
    rendezvous: str = Field("", description="of torchrun on several nodes: host:port of one of them")
    collective_timeout_s: int = Field(
        1800,
        ge=1,
        description="how long a process waits for the others, before the stage ends with an error",
    )
    lora_rank: int = Field(
        0, ge=0, description="0: all parameters are trained; else LoRA of this rank, merged at the end"
    )
    aggregation: Literal["sum", "gdpo"] = Field(
        "sum", description="gdpo: each reward is normalised, then they are summed"
    )
    gdpo_floor: float = Field(0.1, gt=0, description="least spread that a reward is divided by")
    dynamic_sampling_rounds: int = Field(
        0, ge=0, description="how often prompts whose rollouts all earn the same are replaced by others, 0: never"
    )
    alarms: Literal["off", "warn", "stop"] = Field("warn", description="what happens when the policy collapses")
    trace_every: int = Field(50, ge=0, description="every so many-th trajectory becomes a trace in MLflow, 0: none")

    @model_validator(mode="after")
    def _nodes_are_reachable(self) -> GrpoSettings:
        if self.nodes > 1 and self.launcher == "local":
            raise ValueError(f"nodes is {self.nodes}: set launcher to torchrun, ray or kubernetes")
        if self.nodes > 1 and self.launcher == "torchrun" and not self.rendezvous:
            raise ValueError(f"nodes is {self.nodes}: torchrun needs rendezvous, host:port of one of them")
        return self
