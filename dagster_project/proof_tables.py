"""Tables about what came out: coverage and recall of the index, calibration, benchmarks against the champion."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.expectations import Expectation
from dagster_project.report import read_json
from dagster_project.tables import CheckedTable, read_rows
from pipelines.answers import answers_of, read_answers
from pipelines.params import load_params
from pipelines.paths import Paths

if TYPE_CHECKING:
    import pandas as pd

LEAST_COVERED = 0.9  # of the questions looked at
LOOKED_AT = 500
LARGEST_ECE = 0.1
LEAST_AUROC = 0.5  # chance


def coverage_table(root: Path) -> CheckedTable:
    """Whether the right answers occur in the knowledge base at all."""
    expected = Expectation(
        "knowledge_base_coverage",
        f"The right answer of {LEAST_COVERED:.0%} of the test questions occurs in a passage.",
        "ExpectColumnValuesToBeInSet",
        {"column": "covered", "value_set": [True], "mostly": LEAST_COVERED},
        blocking=False,
        shown=("right_answer",),
    )
    return CheckedTable("coverage", partial(read_coverage, root), (expected,), "question_id")


def read_coverage(root: Path) -> pd.DataFrame:
    """The first test questions; passages are read one by one, whatever their number."""
    import pandas as pd

    paths = Paths(root)
    rows = read_rows(paths.questions("test"))[:LOOKED_AT]
    answers = {row["question_id"]: str(row["options"][row["answer"]]).lower() for row in rows}
    missing = set(answers.values())
    for file in sorted(paths.knowledge_bases.glob("*/passages.jsonl")):
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                text = line.lower()
                missing -= {answer for answer in missing if answer in text}
    found = [(key, answer, answer not in missing) for key, answer in answers.items()]
    return pd.DataFrame(found, columns=["question_id", "right_answer", "covered"])


def recall_table(root: Path) -> CheckedTable:
    """Known items that the index finds."""
    least = load_params(root).index.minimum_known_items

    def load() -> pd.DataFrame:
        metrics = read_json(Paths(root).metrics("index"))
        return _limits({name: (metrics[name], least, None) for name in metrics if name.endswith("_recall_at_3")})

    description = f"Each way of searching that is measured finds {least:.0%} of the known items among three passages."
    return CheckedTable("recall", load, (_within("index_recall", description),), "measure")


def calibration_table(root: Path) -> CheckedTable:
    """Whether the confidence means something."""

    def load() -> pd.DataFrame:
        metrics = read_json(Paths(root).metrics("calibrate"))
        limits = {
            "ece_after": (None, LARGEST_ECE),
            "auroc": (LEAST_AUROC, None),
            "nll_after": (None, metrics.get("nll_before")),
        }
        return _limits({name: (metrics[name], *both) for name, both in limits.items() if name in metrics})

    description = (
        f"Calibration error up to {LARGEST_ECE:g}, AUROC over chance, likelihood no worse than before calibrating."
    )
    return CheckedTable("calibration", load, (_within("calibration_quality", description),), "measure")


def regression_table(root: Path) -> CheckedTable:
    """Each benchmark against the champion of the last registration, question by question, as the gate will see it."""
    expected = Expectation(
        "no_regression",
        "No benchmark is significantly worse than the champion's on the same questions.",
        "ExpectColumnValuesToBeInSet",
        {"column": "worse", "value_set": [False]},
        blocking=False,
        shown=("finding",),
    )
    return CheckedTable("regression", partial(read_regression, root), (expected,), "benchmark")


def read_regression(root: Path) -> pd.DataFrame:
    """One row a benchmark; without a champion none is worse."""
    import pandas as pd

    from pipelines.gate import compare_benchmark

    paths = Paths(root)
    kept = paths.champion_answers
    before = read_answers(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    level, rows = load_params(root).register_.worse_level, []
    for benchmark, now in sorted(answers_of(paths).items()):
        finding = compare_benchmark(benchmark, now, before.get(benchmark, {}), level)
        rows.append({"benchmark": benchmark, "worse": bool(finding), "finding": finding or ""})
    return pd.DataFrame(rows, columns=["benchmark", "worse", "finding"])


def _within(name: str, description: str) -> Expectation:
    arguments = {"column": "within", "value_set": [True]}
    shown = ("value", "least", "most")
    return Expectation(name, description, "ExpectColumnValuesToBeInSet", arguments, blocking=False, shown=shown)


def _limits(measured: dict[str, tuple[float, float | None, float | None]]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "measure": name,
            "value": value,
            "least": least,
            "most": most,
            "within": (least is None or value >= least) and (most is None or value <= most),
        }
        for name, (value, least, most) in measured.items()
    ]
    return pd.DataFrame(rows, columns=["measure", "value", "least", "most", "within"])
