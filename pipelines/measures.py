"""The numbers of an evaluation by name: what metrics/evaluate.json, the gate and the report's head read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from medrwr.calibration.artefact import Calibration
from medrwr.calibration.reliability import Reliability, reliability
from medrwr.calibration.selective import RiskCoverage, auroc, risk_coverage
from medrwr.evaluation.ladder import Ladder
from medrwr.evaluation.scorer import Verdict
from medrwr.rollout.confidence import RAW, calibrated_confidence
from pipelines.rungs import FINAL, Cells, Played
from pipelines.second_looks import CDIR, RUNGS, Looks

_BINS = 10


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Everything that was asked, answered and judged; `choices` reads every answer as its most probable option."""

    cells: Cells
    played: Played
    verdicts: Mapping[str, Mapping[str, Sequence[Verdict]]]
    ladder: Ladder
    choices: Ladder
    calibration: Calibration
    looks: Looks = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Confidence:
    """How well the final model's confidence on image questions holds, raw and calibrated."""

    raw: Reliability
    calibrated: Reliability
    curve: RiskCoverage
    auroc: float | None


def confidence_of(evaluated: Evaluated) -> Confidence | None:
    """Over the answers of the final model's own queries that could be parsed; None where there are none."""
    raw, calibrated, right = [], [], []
    for cell, trajectories in evaluated.played[FINAL].items():
        for trajectory, verdict in zip(trajectories, evaluated.verdicts[FINAL][cell], strict=True):
            if cell.endswith("image") and verdict.parsed:
                raw.append(calibrated_confidence(trajectory, RAW))
                calibrated.append(calibrated_confidence(trajectory, evaluated.calibration.confidence_scale))
                right.append(verdict.correct)
    if not right:
        return None
    return Confidence(
        reliability(raw, right, bins=_BINS),
        reliability(calibrated, right, bins=_BINS),
        risk_coverage(calibrated, right),
        auroc(calibrated, right),
    )


def metrics_of(evaluated: Evaluated) -> dict[str, float]:
    """Flat names; differences and intervals are shares, not points."""
    ladder = evaluated.ladder
    metrics: dict[str, float] = {"questions": sum(len(questions) for questions in evaluated.cells.values())}
    for rung in ladder.rungs:
        for cell, found in ladder.cells[rung.name].items():
            metrics[f"accuracy_{rung.name}_{cell}"] = found.accuracy.estimate
            metrics[f"parse_rate_{rung.name}_{cell}"] = found.score.parse_rate
    base = [verdict.parsed for judged in evaluated.verdicts["base"].values() for verdict in judged]
    metrics["base_valid_rate"] = sum(base) / len(base)
    for cell in evaluated.cells:
        metrics |= _of_cell(evaluated, cell)
    confidence = confidence_of(evaluated)
    if confidence is not None:
        metrics |= {
            "ece_raw": confidence.raw.ece,
            "ece_calibrated": confidence.calibrated.ece,
            "ece_adaptive_calibrated": confidence.calibrated.ece_adaptive,
            "brier_calibrated": confidence.calibrated.brier,
            "brier_constant": confidence.calibrated.brier_constant,
            "risk_coverage_area": confidence.curve.area,
        }
        if confidence.auroc is not None:
            metrics["auroc"] = confidence.auroc
    return metrics


def _of_cell(evaluated: Evaluated, cell: str) -> dict[str, float]:
    """The final model on one cell: accuracy with its interval, gains over no retrieval and by re-retrieval."""
    ladder, metrics = evaluated.ladder, {}
    final, without, again = (ladder.cell(rung, cell) for rung in (FINAL, "no_retrieval", CDIR))
    if final is not None:
        metrics[f"{cell}_accuracy"] = final.accuracy.estimate
        metrics[f"{cell}_accuracy_lower"] = final.accuracy.lower
        metrics[f"{cell}_accuracy_upper"] = final.accuracy.upper
        metrics[f"{cell}_query_rate"] = final.score.query_rate
        metrics[f"{cell}_gold_retrieved_rate"] = final.score.gold_retrieved_rate
    if without is not None:
        metrics[f"{cell}_no_retrieval"] = without.accuracy.estimate
        metrics |= _gain(ladder, cell, "no_retrieval", FINAL, f"{cell}_gain")
        metrics[f"{cell}_no_retrieval_choice"] = evaluated.choices.cells["no_retrieval"][cell].accuracy.estimate
        metrics |= _gain(evaluated.choices, cell, "no_retrieval", FINAL, f"{cell}_choice_gain")
    if again is not None:
        asked = [bool(trajectory.cases) for trajectory in evaluated.played[CDIR][cell]]
        metrics[f"{cell}_cdir_accuracy"] = again.accuracy.estimate
        metrics[f"{cell}_cdir_share"] = sum(asked) / len(asked)
        metrics |= _gain(ladder, cell, FINAL, CDIR, f"{cell}_cdir_gain")
        for rung in RUNGS[1:]:
            metrics |= _gain(ladder, cell, rung.name, CDIR, f"{cell}_cdir_over_{rung.name.removeprefix('cdir_')}")
    return metrics


def _gain(ladder: Ladder, cell: str, first: str, second: str, name: str) -> dict[str, float]:
    found = ladder.comparison(cell, first, second)
    if found is None:
        return {}
    interval = found.difference.interval
    return {
        name: interval.estimate,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
        f"{name}_mcnemar_p": found.difference.mcnemar_p,
        f"{name}_permutation_p": found.difference.permutation_p,
        f"{name}_holm_p": found.holm_p,
    }
