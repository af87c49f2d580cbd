"""ECE, AUROC and Brier score of the clinic's test answers with images, before and after calibration, of all chains."""

from __future__ import annotations

from collections.abc import Sequence

from medrwr.calibration.fitting import Findings, fit_calibration
from medrwr.calibration.reliability import reliability
from medrwr.calibration.selective import auroc, risk_coverage
from medrwr.rollout.cdir import CdirRule
from medrwr.rollout.confidence import RAW, ConfidenceScale, calibrated_confidence
from tests.benchmarks.calibration_parts.chain import Chain

Answers = list[tuple[float, float, bool]]
"""Raw and calibrated confidence of a parsed answer, and whether it is right."""


def quality(chains: Sequence[Chain]) -> dict[str, float]:
    """Figures over the parsed answers of all chains; by cell on the terminal."""
    cells: dict[str, Answers] = {}
    for chain in chains:
        findings = fitted(chain, chain.context.params.case_index.top_k)
        scaling = findings.quality.scaling if findings.quality else "none"
        print(f"  {chain.name}: {scaling} scaling, {'; '.join(findings.notes) or 'no notes'}")
        for cell, answers in _answers(chain, findings.scale).items():
            cells.setdefault(cell, []).extend(answers)
    for cell, answers in sorted(cells.items()):
        shown = measured(answers)
        print(f"  {cell:<16}" + "".join(f"{name} {value:.3f}  " for name, value in shown.items()))
    return {
        f"quality_{name}": value for name, value in measured([one for own in cells.values() for one in own]).items()
    }


def fitted(chain: Chain, k: int) -> Findings:
    """The calibration that the chain's own parameters give, with k similar cases."""
    split, params = chain.calibration, chain.context.params
    k = min(chain.cases, key=lambda known: abs(known - k))
    rule = CdirRule(2.0, k=k, queries=params.case_index.queries)
    return fit_calibration(split.questions, split.looks[k], params.calibrate, rule, seed=params.base.seed)


def measured(answers: Answers) -> dict[str, float]:
    """Figures of parsed answers."""
    raw, calibrated, right = ([one[place] for one in answers] for place in range(3))
    before, after = reliability(raw, right), reliability(calibrated, right)
    found = {
        "answers": float(len(answers)),
        "accuracy": sum(right) / len(right),
        "ece_before": before.ece,
        "ece": after.ece,
        "ece_adaptive": after.ece_adaptive,
        "brier_before": before.brier,
        "brier": after.brier,
        "brier_below_constant": after.brier_constant - after.brier,
        "aurc": risk_coverage(calibrated, right).area,
    }
    separation = {"auroc_before": auroc(raw, right), "auroc": auroc(calibrated, right)}
    return found | {name: value for name, value in separation.items() if value is not None}


def _answers(chain: Chain, scale: ConfidenceScale) -> dict[str, Answers]:
    found: dict[str, Answers] = {}
    firsts = [pair.first for pair in chain.test.looks[chain.cases[0]]]
    for question, first in zip(chain.test.questions, firsts, strict=True):
        if first.answer.letter is not None:
            answer = calibrated_confidence(first, RAW), calibrated_confidence(first, scale)
            right = first.answer.letter == question.gold_letter
            found.setdefault(chain.cell_of(question), []).append((*answer, right))
    return found
