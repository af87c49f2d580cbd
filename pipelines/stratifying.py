"""Whose answers tell easy questions from hard ones (M13): policies by name, opened only where answers are missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medrwr.config import CurateSettings
from medrwr.curation.answering import Answering, Progress, Tally, answer_often
from medrwr.digests import file_digest, folder_digest
from medrwr.rollout.engine import RolloutEngine
from medrwr.types import Question
from pipelines.opening import BASE, checkpoint_of, open_passages, open_policy
from pipelines.stage import StageContext

STAGES = (BASE, "sft", "grpo_text", "grpo_multimodal")


@dataclass(frozen=True, slots=True)
class Jury:
    """Policies and how they answer: 'base', 'sft', 'grpo_text', 'grpo_multimodal', a folder, or a hub's name."""

    context: StageContext
    settings: CurateSettings
    kept: Path

    def tallies(
        self, questions: Sequence[Question], image_root: Path, *, progress: Progress | None = None
    ) -> dict[str, list[Tally]]:
        """By policy, the tally of each question in order.

        Raises:
            CheckpointError, ArtefactError: a policy, or the index that it asks, is not there.
        """
        policies = self.settings.policies
        return {name: self._answers(name, questions, image_root, progress) for name in policies}

    def _answers(
        self, name: str, questions: Sequence[Question], image_root: Path, progress: Progress | None
    ) -> list[Tally]:
        answering = Answering(
            self._identity(name), self.settings.mode, self.settings.rollouts, self.context.params.base.seed
        )
        kept = self.kept / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-.')}.jsonl"
        return answer_often(
            self._opener(name), questions, answering, image_root=image_root, kept=kept, progress=progress
        )

    def _identity(self, name: str) -> str:
        """What the answers depend on besides the question."""
        params = self.context.params
        checkpoint = checkpoint_of(self.context, name) if name in STAGES else name
        parts = [
            folder_digest(Path(checkpoint)) if Path(checkpoint).is_dir() else f"{checkpoint}@{self._revision(name)}",
            params.base.dtype,
            params.base_model.max_pixels,
        ]
        if self.settings.mode != "letters":
            parts.append(params.rollout.model_dump_json(exclude={"batch_size"}))
        if self.settings.mode == "reasoning":
            parts.append(file_digest(self.context.paths.index_manifest))
        return "|".join(map(str, parts))

    def _revision(self, name: str) -> str | None:
        return self.context.params.base_model.revision if name == BASE else None

    def _opener(self, name: str) -> Callable[[], RolloutEngine]:
        def opened() -> RolloutEngine:
            from medrwr.policy.loading import load_policy

            params = self.context.params
            policy = (
                open_policy(self.context, name)
                if name in STAGES
                else load_policy(
                    name, device=params.base.device, dtype=params.base.dtype, max_pixels=params.base_model.max_pixels
                )
            )
            retriever = open_passages(self.context) if self.settings.mode == "reasoning" else None
            return RolloutEngine(policy, retriever, params.rollout)

        return opened
