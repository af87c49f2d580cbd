"""Stage `curate`: the image questions for GRPO, each easy or hard by what the policies answer (M13)."""

from __future__ import annotations

from medrwr.curation.stratify import Stratified, histogram, pooled_accuracy, stratify
from medrwr.errors import ArtefactError
from medrwr.records import read_records, write_records, write_text_atomic
from medrwr.types import Question
from pipelines.opening import image_root_of
from pipelines.stage import StageContext, StageResult
from pipelines.stratifying import Jury


def run(context: StageContext) -> StageResult:
    """Write data/curated/rl_image.jsonl, the histogram of accuracies, and what was unusable to quarantine.jsonl."""
    own = context.params.curate.source == "clinic"
    file = context.paths.questions("rl_image") if own else context.paths.reconstructed / "questions.jsonl"
    questions, bad = read_records(file, Question)
    if not questions:
        stage = "clinic" if own else "reconstruct"
        raise ArtefactError(f"{file} holds no usable question: run `dvc repro {stage}`")
    tallies = Jury(context, context.params.curate, context.paths.work("curate")).tallies(
        questions, image_root_of(context)
    )
    graded = stratify(questions, pooled_accuracy(tallies))
    folder = context.paths.curated
    write_records(folder / "rl_image.jsonl", graded.questions)
    write_records(folder / "quarantine.jsonl", bad)
    write_text_atomic(folder / "histogram.csv", histogram_csv(graded))
    metrics: dict[str, float] = {
        "questions": len(graded.questions),
        "easy": graded.count("easy"),
        "hard": graded.count("hard"),
        "always_right": graded.dropped,
        "quarantined": len(bad),
        "accuracy": sum(graded.accuracy.values()) / len(graded.accuracy),
    }
    headline = (
        f"{metrics['easy']} easy and {metrics['hard']} hard questions, {metrics['always_right']} always right dropped, "
        f"accuracy of {' and '.join(tallies)} {metrics['accuracy']:.3f}"
    )
    return StageResult(metrics, headline, (folder,))


def histogram_csv(graded: Stratified) -> str:
    """Questions by tenth of accuracy; the last row is what was always right."""
    counts = histogram(list(graded.accuracy.values()))
    return "accuracy_from,questions\n" + "".join(f"{place / 10:.1f},{count}\n" for place, count in enumerate(counts))
