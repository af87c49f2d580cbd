"""Stage `calibrate`: temperature and re-retrieval threshold on a split of their own (M27)."""

from __future__ import annotations

from pathlib import Path

from medrwr.calibration.artefact import Calibration, digests_of, write_calibration
from medrwr.calibration.fitting import Findings, fit_calibration
from medrwr.errors import SampleError
from medrwr.records import read_records
from medrwr.rollout.cdir import CdirRule, Reretrieval, reretrieve
from medrwr.types import Question
from pipelines.arms import OWN_QUERY, GreedyRollout, request_of
from pipelines.opening import image_root_of, open_cases, open_engine
from pipelines.plotdata import reliability_rows, risk_coverage_rows, thinned, write_csv
from pipelines.stage import StageContext, StageResult

STAGE = "calibrate"
MODEL = "grpo_multimodal"
_ALWAYS = 2.0  # above every confidence: all questions are asked again


def run(context: StageContext) -> StageResult:
    """Answer the split, fit, choose; write calibration.json and its plots.

    Raises:
        SampleError: the calibration split is empty, or none of its answers could be parsed.
    """
    questions, _ = read_records(context.paths.questions("calibration"), Question)
    if not questions:
        raise SampleError("the calibration split holds 0 questions, expected some: check clinic.calibration_questions")
    rule = CdirRule(_ALWAYS, k=context.params.case_index.top_k)
    findings = fit_calibration(questions, _answer(context, questions, rule), context.params.calibrate, rule)
    calibration = _record(context, findings, rule)
    write_calibration(context.paths.calibration, calibration)
    write_plots(context.paths.plots(STAGE), findings)
    headline = (
        f"T {calibration.temperature:.2f}, ECE {calibration.ece_before:.3f} -> {calibration.ece_after:.3f}, "
        f"lambda {calibration.threshold:.3f} re-retrieves {calibration.share:.0%}, "
        f"accuracy {calibration.accuracy_without:.1%} -> {calibration.accuracy_with:.1%}"
    )
    return StageResult(_metrics(findings), headline, (context.paths.calibration,), {"notes": "; ".join(findings.notes)})


def _answer(context: StageContext, questions: list[Question], rule: CdirRule) -> list[Reretrieval]:
    """Greedy episodes, then all of them once more with similar cases."""
    engine, root = open_engine(context, MODEL), image_root_of(context)
    first = GreedyRollout(engine, root, OWN_QUERY, context.sink, "calibration answers")(questions)
    return reretrieve(engine, [request_of(question, root) for question in questions], first, open_cases(context), rule)


def _record(context: StageContext, findings: Findings, rule: CdirRule) -> Calibration:
    paths, choice = context.paths, findings.choice
    return Calibration(
        temperature=findings.fit.temperature,
        threshold=choice.point.threshold,
        method=choice.method,
        digests=digests_of(paths.model(MODEL), paths.index_manifest, paths.case_index_manifest),
        answers=findings.answers,
        unparsed=findings.unparsed,
        similar_cases=rule.k,
        arbitration=rule.arbitration,
        ece_before=findings.before.ece,
        ece_after=findings.after.ece,
        auroc=findings.auroc,
        risk_coverage_area=findings.curve.area,
        accuracy_without=choice.accuracy_without,
        accuracy_with=choice.point.accuracy,
        share=choice.point.share,
        notes=findings.notes,
    )


def _metrics(findings: Findings) -> dict[str, float]:
    point = findings.choice.point
    metrics = {
        "questions": findings.answers,
        "unparsed": findings.unparsed,
        "asked_again": findings.asked_again,
        "temperature": findings.fit.temperature,
        "nll_before": findings.fit.nll_before,
        "nll_after": findings.fit.nll_after,
        "ece_before": findings.before.ece,
        "ece_after": findings.after.ece,
        "brier_before": findings.before.brier,
        "brier_after": findings.after.brier,
        "risk_coverage_area": findings.curve.area,
        "threshold": point.threshold,
        "share_re_retrieved": point.share,
        "accuracy_without": findings.choice.accuracy_without,
        "accuracy_with": point.accuracy,
        "gained": point.gained,
        "lost": point.lost,
    }
    return metrics if findings.auroc is None else {**metrics, "auroc": findings.auroc}


def write_plots(folder: Path, findings: Findings) -> None:
    """reliability.csv, risk_coverage.csv and threshold.csv."""
    write_csv(folder / "reliability.csv", reliability_rows(findings.before, findings.after))
    write_csv(folder / "risk_coverage.csv", risk_coverage_rows(findings.curve))
    curve = [
        {"threshold": point.threshold, "accuracy": point.accuracy, "share": point.share}
        for point in thinned(findings.choice.curve)
    ]
    write_csv(folder / "threshold.csv", curve)
