"""All statistics of 20,000 questions with four runs each, from their files: seconds and peak memory (M27, M31).

Two models with two seeds each, 10,000 cases. Read are the four per_question.jsonl; computed are each run's rates with
clustered intervals by kind, reliability, AUROC, risk and coverage, flips between seeds and between models, and the
pooled comparison with permutation test, sign test and clustered bootstrap. The files are written before the clock runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from medrwr.calibration.reliability import reliability
from medrwr.calibration.selective import auroc, risk_coverage
from medrwr.evaluation.attribution import flip_matrix
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.runs.answered import Answered
from medrwr.evaluation.runs.comparison import Run, compare_runs, read_run
from medrwr.evaluation.runs.folder import SUMMARY, Claim, RunFolder
from medrwr.evaluation.runs.summary import notes_of, summarise_closed
from medrwr.evaluation.scorer import Verdict
from medrwr.types import LETTERS

QUESTIONS = 20_000
KINDS = ("reasoning", "understanding", "treatment", "imaging")
SIDES = ((0.55, "first"), (0.57, "second"))  # accuracy, name
SEEDS = 2


def measure(small: bool) -> dict[str, float]:
    """Seconds and GiB of one process that summarises the runs; `small`: 400 questions."""
    with tempfile.TemporaryDirectory(prefix="medrwr-") as name:
        folder = Path(name)
        write_runs(folder, 400 if small else QUESTIONS)
        command = [sys.executable, "-m", __name__, str(folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def write_runs(folder: Path, questions: int) -> None:
    """Four finished runs over the same questions."""
    for accuracy, name in SIDES:
        for seed in range(SEEDS):
            settings = {"seed": seed, "temperature": 1.0}
            run = RunFolder(folder / f"{name}-{seed}")
            run.begin(Claim(name, {"checkpoint": name}, {"set": str(questions)}, settings))
            run.append(_answers(questions, accuracy, np.random.default_rng([len(name), seed])))
            run.write(SUMMARY, "{}")


def summarise(folder: Path) -> dict[str, float]:
    """Everything, from the files of `write_runs`."""
    start = time.perf_counter()
    sides = [[read_run(folder / f"{name}-{seed}") for seed in range(SEEDS)] for _, name in SIDES]
    summaries = [_one(run) for side in sides for run in side]
    verdicts = [[one.verdict for one in run.answers.values()] for side in sides for run in side]
    flips = [flip_matrix(verdicts[0], other) for other in verdicts[1:]]
    (difference,) = compare_runs(sides[0], sides[1], Resampling())
    return {
        "summary_s": time.perf_counter() - start,
        "summary_peak_gib": peak_gib(),
        "summary_answers": float(sum(len(run.answers) for side in sides for run in side)),
        "summary_accuracy": float(np.mean([one["accuracy"] for one in summaries])),
        "summary_ece": float(np.mean([one["ece"] for one in summaries])),
        "summary_difference": difference.difference.interval.estimate,
        "summary_permutation_p": difference.difference.permutation_p,
        "summary_flips": float(sum(one.gained + one.lost for one in flips)),
    }


def peak_gib() -> float:
    """Of this program; getrusage's maximum would be that of the process that started it, where that was larger."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kib,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(kib) / 2**20


def _one(run: Run) -> dict[str, float]:
    answers = list(run.answers.values())
    closed = summarise_closed(answers, Resampling())
    assert closed is not None
    assert not notes_of(answers)
    read = [(one.confidence, one.verdict.correct) for one in answers if one.confidence is not None]
    confidence, correct = [c for c, _ in read], [right for _, right in read]
    found, curve = reliability(confidence, correct), risk_coverage(confidence, correct)
    return {
        "accuracy": closed.accuracy.estimate,
        "ece": found.ece,
        "auroc": auroc(confidence, correct) or 0.0,
        "area": curve.area,
    }


def _answers(questions: int, accuracy: float, generator: np.random.Generator) -> Iterator[Answered]:
    filler = "The radiograph shows a blunted angle on the left side. " * 12
    for number in range(questions):
        gold = LETTERS[number % 4]
        confidence = float(generator.uniform(0.3, 1.0))
        right = generator.random() < accuracy * confidence / 0.65
        letter = gold if right else LETTERS[(number + 1) % 4]
        rest = (1 - confidence) / 3
        verdict = Verdict(
            f"q{number}", f"c{number // 2}", gold, letter, right, True, confidence, 1, False, right, letter
        )
        yield Answered(
            benchmark="set",
            form="closed",
            verdict=verdict,
            question=filler[:300],
            options=("effusion", "pneumothorax", "nodule", "nothing"),
            kind=KINDS[number % 4],
            script="Latin",
            answer=letter,
            stop_reason="answered",
            queries=("blunted angle",),
            passages=("p1", "p2", "p3"),
            option_probs=tuple(confidence if one == letter else rest for one in "ABCD"),
            confidence=confidence,
            completion=filler,
        )


if __name__ == "__main__":
    print(json.dumps(summarise(Path(sys.argv[1]))))
