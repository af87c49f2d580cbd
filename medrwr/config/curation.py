"""Sections of params.yaml for curation: how cases become questions (M11, M12), and who grades them (M13)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from medrwr.config.section import ConfigSection


class ReconstructSettings(ConfigSection):
    """Image cases become questions: which cases, and which language model writes (M11, M12)."""

    clusters: int = Field(60, ge=0, description="cases near as many centres are used; 0: all cases")
    per_cluster: int = Field(4, ge=1, description="cases of each cluster")
    endpoint: str | None = Field(
        None, description="an OpenAI-compatible base URL; none: OPENAI_BASE_URL, else the offline model"
    )
    model: str | None = Field(None, description="its name there; none: OPENAI_MODEL")
    concurrency: int = Field(8, ge=1, description="requests under way at once")
    licence: str = Field("", description="of the image cases, for the data card")


class CurateSettings(ConfigSection):
    """Whose answers tell easy questions from hard ones, and how they answer (M13)."""

    source: Literal["clinic", "reconstructed"] = Field(
        "clinic", description="what the image stage trains on: rl_image of data/clinic, or what reconstruct made"
    )
    policies: tuple[str, ...] = Field(
        ("base", "sft"), description="base, sft, a checkpoint's folder, or a model's name on a hub; the paper takes two"
    )
    mode: Literal["letters", "direct", "reasoning"] = Field(
        "letters",
        description="letters: drawn from one pass' probabilities; direct: answers at once by the rollout engine; "
        "reasoning: whole episodes with retrieval",
    )
    rollouts: int = Field(10, ge=1, description="answers of each policy to each question")
    curriculum: bool = Field(True, description="the image stage sees easy questions first; false: all at random")

    @field_validator("policies")
    @classmethod
    def _distinct(cls, policies: tuple[str, ...]) -> tuple[str, ...]:
        if not policies or len(set(policies)) < len(policies):
            raise ValueError(f"name one policy at least and each once, got {list(policies)}")
        return policies
