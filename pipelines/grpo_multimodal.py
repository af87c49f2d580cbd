"""Stage `grpo_multimodal`: GRPO on image questions, all four rewards, easy questions first (M13, M23, stage 2)."""

from __future__ import annotations

from medrwr.records import read_records
from medrwr.types import Question
from pipelines.grpo import GrpoStage, run_grpo
from pipelines.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Train on the curated image questions from the text stage's model."""
    source = context.paths.curated / "rl_image.jsonl"
    questions, bad = read_records(source, Question)
    return run_grpo(
        context,
        GrpoStage(
            name="grpo_multimodal",
            previous="grpo_text",
            settings=context.params.grpo_multimodal,
            questions=questions,
            quarantined=len(bad),
            curriculum=context.params.curate.curriculum,
            files=(source,),
        ),
    )
