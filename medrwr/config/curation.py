"""The section of params.yaml for curation: who grades the questions (M13)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from medrwr.config.section import ConfigSection


class CurateSettings(ConfigSection):
    """Whose answers tell easy questions from hard ones, and how they answer (M13)."""

    policies: tuple[str, ...] = Field(
        ("base", "sft"), description="base, sft, a checkpoint's folder, or a model's name on a hub; the paper takes two"
    )
    mode: Literal["letters", "direct", "reasoning"] = Field(
        "letters",
        description="letters: drawn from one pass' probabilities; direct: answers at once by the rollout engine; "
        "reasoning: whole episodes with retrieval",
    )
    rollouts: int = Field(10, ge=1, description="answers of each policy to each question")

    @field_validator("policies")
    @classmethod
    def _distinct(cls, policies: tuple[str, ...]) -> tuple[str, ...]:
        if not policies or len(set(policies)) < len(policies):
            raise ValueError(f"name one policy at least and each once, got {list(policies)}")
        return policies
