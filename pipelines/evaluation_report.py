"""The report of an evaluation: which numbers, charts, examples and notes the page shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from medrwr.evaluation.cases import pick_cases
from medrwr.evaluation.charts import Chart, Series
from medrwr.evaluation.examples import Answered, Example, pick_changes, pick_examples
from medrwr.evaluation.report import Report
from medrwr.evaluation.scorer import Verdict
from medrwr.evaluation.sections import Section
from medrwr.rollout.confidence import calibrated_confidence
from medrwr.types import Trajectory
from pipelines.learning_record import curves_of, queries_of
from pipelines.measures import Confidence, Evaluated, confidence_of
from pipelines.opening import image_root_of
from pipelines.plotdata import thinned
from pipelines.rungs import FINAL
from pipelines.second_looks import CDIR
from pipelines.stage import StageContext

_SHOWN = (("held_out_image", CDIR), ("held_out_text", FINAL), ("two_hop_image", CDIR))


def examples_of(evaluated: Evaluated) -> list[Example]:
    """One example of each kind from the held-out questions as deployed; then what changed since SFT, both ways."""
    shown = {cell: _answered(evaluated, cell, rung) for cell, rung in _SHOWN}
    examples = [example for answered in shown.values() for example in pick_examples(answered)]
    since = evaluated.verdicts.get("sft", {})
    return examples + [one for cell, now in shown.items() for one in pick_changes(since.get(cell, []), now)]


def as_deployed(evaluated: Evaluated) -> list[Answered]:
    """Every answer of the final model, with re-retrieval where it was measured."""
    rungs = {cell: CDIR if cell in evaluated.played[CDIR] else FINAL for cell in evaluated.cells}
    return [one for cell, rung in rungs.items() for one in _answered(evaluated, cell, rung)]


def _answered(evaluated: Evaluated, cell: str, rung: str) -> list[Answered]:
    trajectories = evaluated.played[rung].get(cell, [])
    questions, verdicts = evaluated.cells.get(cell, []), evaluated.verdicts[rung].get(cell, [])
    return [
        Answered(question, trajectory, verdict, cell, _calibrated(evaluated, trajectory, verdict, cell))
        for question, trajectory, verdict in zip(questions, trajectories, verdicts, strict=False)
    ]


def _calibrated(evaluated: Evaluated, trajectory: Trajectory, verdict: Verdict, cell: str) -> float | None:
    """The scale was fitted on image questions: it says nothing about the others."""
    if not cell.endswith("image") or not verdict.parsed:
        return None
    return calibrated_confidence(trajectory, evaluated.calibration.scale_of(trajectory))


def report_of(
    context: StageContext,
    evaluated: Evaluated,
    metrics: Mapping[str, float],
    examples: list[Example],
    sections: tuple[Section, ...],
    charts: tuple[Chart, ...] = (),
) -> Report:
    """The report of one evaluation; `charts` come after those of confidence."""
    answered = as_deployed(evaluated)
    return Report(
        title="Evaluation",
        lead="The ladder from the base checkpoint to the deployed model, held in and held out, text and image.",
        figures=tuple(_figures(metrics)),
        ladder=evaluated.ladder,
        choices=evaluated.choices,
        charts=(*_charts(confidence_of(evaluated)), *charts),
        examples=tuple(examples),
        notes=_notes(context, evaluated, metrics),
        image_root=image_root_of(context),
        curves=curves_of(context.paths),
        queries=queries_of(evaluated),
        sections=sections,
        cases=tuple(pick_cases(answered, at_most=context.params.evaluate.report_cases)),
        answers=len(answered),
    )


def _notes(context: StageContext, evaluated: Evaluated, metrics: Mapping[str, float]) -> tuple[str, ...]:
    settings, calibration = context.params.evaluate, evaluated.calibration
    fewer, held_out = settings.ladder_questions_per_cell, context.params.clinic.held_out_modality
    sample = (
        f"{metrics['questions']:.0f} test questions, greedy; earlier checkpoints answer at most {fewer} of each cell. "
        "An answer that cannot be parsed is wrong."
    )
    intervals = (
        f"Intervals: {settings.confidence_level:.0%}, {settings.bootstrap_samples} bootstrap samples over facts; where "
        "all answers agree, the exact binomial. McNemar's test is exact and takes questions as independent."
    )
    splits = (
        f"Held out: {held_out}; none of its facts is in a training split. Training, calibration and test items were "
        "compared by text and image before the evaluation (M14)."
    )
    believed = "the more confident answer" if calibration.arbitration == "confident" else "the new answer"
    again = (
        f"CDIR: an image answer with calibrated confidence below {calibration.threshold:.3f} is asked again with "
        f"{calibration.similar_cases} similar cases; {believed} counts."
    )
    excluded = (
        f"{metrics['quarantined']:.0f} damaged test questions were left out." if metrics.get("quarantined") else ""
    )
    asked = (question for cell, own in evaluated.cells.items() if cell.endswith("image") for question in own)
    unseen = calibration.unseen(len(question.options) for question in asked)
    counts = (
        f"Image questions with {', '.join(map(str, unseen))} options: calibration saw none, so their confidence is "
        "read by the map of all others."
        if unseen
        else ""
    )
    invented = "Research use only. The clinic, its signs, conditions and treatments are invented."
    return tuple(
        note for note in (sample, excluded, intervals, splits, again, *calibration.notes, counts, invented) if note
    )


def _figures(metrics: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    wanted = (
        ("held_out_image_accuracy", "held-out image accuracy, own query", "{:.1%}"),
        ("held_out_image_no_retrieval", "the same without retrieval", "{:.1%}"),
        ("held_out_image_gain", "gain by retrieval", "{:+.1%}"),
        ("held_out_image_choice_gain", "the same by most probable option", "{:+.1%}"),
        ("held_out_image_cdir_accuracy", "with CDIR", "{:.1%}"),
        ("ece_calibrated", "ECE, calibrated", "{:.3f}"),
    )
    for name, label, shape in wanted:
        if name in metrics:
            yield label, shape.format(metrics[name])


def _charts(confidence: Confidence | None) -> tuple[Chart, ...]:
    if confidence is None:
        return ()
    diagrams = (("raw", confidence.raw), ("calibrated", confidence.calibrated))
    series = tuple(
        Series(
            f"{name}, ECE {found.ece:.3f}",
            tuple((row.confidence or 0.0, row.accuracy or 0.0) for row in found.bins if row.count),
            "dots",
        )
        for name, found in diagrams
    )
    curve = tuple((point.coverage, point.risk) for point in thinned(confidence.curve.points))
    area = f"area {confidence.curve.area:.3f}"
    separation = "" if confidence.auroc is None else f" AUROC of correctness {confidence.auroc:.3f}."
    return (
        Chart("Reliability", "confidence", "accuracy", series, diagonal=True, note="Final model, image questions."),
        Chart(
            "Risk and coverage", "coverage", "risk", (Series(area, curve),), note=f"Most confident first.{separation}"
        ),
    )
