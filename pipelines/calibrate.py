"""Stage `calibrate`: scale of confidence and re-retrieval threshold on a split of their own (M27)."""

from __future__ import annotations

from pathlib import Path

from medrwr.calibration.artefact import Calibration, digests_of, write_calibration
from medrwr.calibration.cost import Costs
from medrwr.calibration.fitting import Findings, fit_calibration
from medrwr.config import CalibrateSettings
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
        SampleError: the calibration split is empty.
    """
    questions, bad = read_records(context.paths.questions("calibration"), Question)
    if not questions:
        raise SampleError("the calibration split holds 0 questions, expected some: check clinic.calibration_questions")
    cases = context.params.case_index
    rule = CdirRule(_ALWAYS, k=cases.top_k, queries=cases.queries)
    findings = fit_calibration(
        questions, _answer(context, questions, rule), context.params.calibrate, rule, seed=context.params.base.seed
    )
    calibration = _record(context, findings, rule)
    write_calibration(context.paths.calibration, calibration)
    write_plots(context.paths.plots(STAGE), findings, context.params.calibrate)
    metrics = {**_metrics(findings), "quarantined": len(bad)}
    tags = {"notes": "; ".join(findings.notes)} if findings.notes else {}
    return StageResult(metrics, _headline(findings), (context.paths.calibration,), tags)


def _headline(findings: Findings) -> str:
    quality, choice = findings.quality, findings.choice
    honesty = f"ECE {quality.before.ece:.3f} -> {quality.ece_promised:.3f}" if quality else "no answer could be parsed"
    scaling = f"{quality.scaling} scaling" if quality else "raw confidence"
    return (
        f"{scaling}, {honesty}, lambda {choice.point.threshold:.3f} re-retrieves "
        f"{choice.point.share:.0%}, accuracy {choice.accuracy_without:.1%} -> {choice.point.accuracy:.1%}"
    )


def _answer(context: StageContext, questions: list[Question], rule: CdirRule) -> list[Reretrieval]:
    """Greedy episodes, then all of them once more with similar cases."""
    engine, root = open_engine(context, MODEL), image_root_of(context)
    first = GreedyRollout(engine, root, OWN_QUERY, context.sink, "calibration answers")(questions)
    return reretrieve(engine, [request_of(question, root) for question in questions], first, open_cases(context), rule)


def _record(context: StageContext, findings: Findings, rule: CdirRule) -> Calibration:
    paths, choice, quality = context.paths, findings.choice, findings.quality
    return Calibration(
        temperature=findings.temperature,
        threshold=choice.point.threshold,
        method=choice.method,
        digests=digests_of(paths.model(MODEL), paths.index_manifest, paths.case_index_manifest),
        answers=findings.answers,
        unparsed=findings.unparsed,
        similar_cases=rule.k,
        queries=rule.queries,
        arbitration=rule.arbitration,
        ece_before=quality.before.ece if quality else None,
        ece_after=quality.after.ece if quality else None,
        auroc=quality.auroc if quality else None,
        risk_coverage_area=quality.curve.area if quality else None,
        accuracy_without=choice.accuracy_without,
        accuracy_with=choice.point.accuracy,
        share=choice.point.share,
        notes=findings.notes,
        scale=findings.scale,
        second_scale=findings.second_scale,
        certificate=choice.certificate,
    )


def _metrics(findings: Findings) -> dict[str, float]:
    point, quality = findings.choice.point, findings.quality
    metrics: dict[str, float] = {
        "questions": findings.answers,
        "unparsed": findings.unparsed,
        "asked_again": findings.asked_again,
        "temperature": findings.temperature,
        "threshold": point.threshold,
        "share_re_retrieved": point.share,
        "accuracy_without": findings.choice.accuracy_without,
        "accuracy_with": point.accuracy,
        "gained": point.gained,
        "lost": point.lost,
    }
    if (certificate := findings.choice.certificate) is not None:
        metrics |= {"certified_bound": certificate.bound, "certified_answers": certificate.counted}
    if quality is None:
        return metrics
    measured = {
        "nll_before": quality.fit.nll_before,
        "nll_after": quality.fit.nll_after,
        "ece_before": quality.before.ece,
        "ece_after": quality.after.ece,
        "ece_cross_validated": quality.ece_promised,
        "ece_adaptive_before": quality.before.ece_adaptive,
        "ece_adaptive_after": quality.after.ece_adaptive,
        "brier_constant": quality.after.brier_constant,
        "brier_before": quality.before.brier,
        "brier_after": quality.after.brier,
        "risk_coverage_area": quality.curve.area,
    }
    for scaling, found in quality.cross_validated.items():
        measured |= {f"brier_cv_{scaling}": found.brier, f"ece_cv_{scaling}": found.ece}
    separation = {"auroc_before": quality.auroc_before, "auroc": quality.auroc}
    return metrics | measured | {name: value for name, value in separation.items() if value is not None}


def write_plots(folder: Path, findings: Findings, settings: CalibrateSettings) -> None:
    """threshold.csv and, where answers could be parsed, reliability.csv and risk_coverage.csv."""
    costs = Costs(settings.look_cost, settings.flip_cost)
    curve = [
        {
            "threshold": point.threshold,
            "accuracy": point.accuracy,
            "share": point.share,
            "net_gain": costs.gain(point, findings.answers),
            "left_alone_error": point.left_alone_error,
            "right_to_wrong": point.lost / findings.answers,
        }
        for point in thinned(findings.choice.curve)
    ]
    write_csv(folder / "threshold.csv", curve)
    if findings.quality:
        write_csv(folder / "reliability.csv", reliability_rows(findings.quality.before, findings.quality.after))
        write_csv(folder / "risk_coverage.csv", risk_coverage_rows(findings.quality.curve))
