"""Opens what several stages need: the policy of a rung, the passage retriever, the case retriever, the engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.stage import StageContext

if TYPE_CHECKING:
    from medrwr.policy.loading import Policy
    from medrwr.retrieval import CaseRetriever, Retriever
    from medrwr.rollout.engine import RolloutEngine

BASE = "base"


def checkpoint_of(context: StageContext, stage: str) -> str:
    """Folder of a trained stage's model; for 'base', `base_model.checkpoint`: a folder here, or a hub name."""
    if stage != BASE:
        return str(context.paths.model(stage))
    named = context.params.base_model.checkpoint
    inside = context.paths.root / named
    return str(inside) if inside.exists() or named.startswith((".", "models/")) else named


def open_policy(context: StageContext, stage: str) -> Policy:
    """The policy that `stage` left ('base', 'sft', 'grpo_text', 'grpo_multimodal').

    Raises:
        CheckpointError: weights, tokenizer or processor are missing.
    """
    from medrwr.policy.loading import load_policy

    params = context.params
    return load_policy(
        checkpoint_of(context, stage),
        device=params.base.device,
        dtype=params.base.dtype,
        max_pixels=params.base_model.max_pixels,
        revision=params.base_model.revision if stage == BASE else None,
    )


def open_passages(context: StageContext) -> Retriever:
    """The retriever over the passage index (M7).

    Raises:
        IndexMismatchError: the index was built with another encoder or other settings.
    """
    from medrwr.retrieval import open_retriever

    paths = context.paths
    return open_retriever(paths.index, paths.index_manifest, paths.encoders, context.params.index)


def open_cases(context: StageContext) -> CaseRetriever:
    """The retriever over the index of image cases (M10, M26).

    Raises:
        IndexMismatchError: the index was built with another encoder or other settings.
    """
    from medrwr.retrieval import open_case_retriever

    paths = context.paths
    return open_case_retriever(
        paths.case_index,
        paths.case_index_manifest,
        paths.encoders,
        image_root_of(context),
        context.params.case_index,
    )


def open_engine(context: StageContext, stage: str, *, retriever: Retriever | None = None) -> RolloutEngine:
    """The rollout engine over the policy of `stage`; pass `retriever` to share one that is open already."""
    from medrwr.rollout.engine import RolloutEngine

    params = context.params
    return RolloutEngine(
        open_policy(context, stage),
        retriever or open_passages(context),
        params.rollout,
        confidence_vocabulary=params.rewards.confidence_vocabulary,
    )


def image_root_of(context: StageContext) -> Path:
    """The folder that image paths in questions and cases are relative to."""
    return context.paths.clinic
