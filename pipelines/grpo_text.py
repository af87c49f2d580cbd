"""Stage `grpo_text`: GRPO on text-only questions, accuracy and format only (M23, stage 1)."""

from __future__ import annotations

from medrwr.records import read_records
from medrwr.types import Question
from pipelines.grpo import GrpoStage, run_grpo
from pipelines.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Train on data/clinic's rl_text questions from the SFT model."""
    source = context.paths.questions("rl_text")
    questions, bad = read_records(source, Question)
    return run_grpo(
        context,
        GrpoStage(
            name="grpo_text",
            previous="sft",
            settings=context.params.grpo_text,
            questions=questions,
            quarantined=len(bad),
            curriculum=False,
            files=(source,),
        ),
    )
