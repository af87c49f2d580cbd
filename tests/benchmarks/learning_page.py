"""The page of the learning benchmark: bars, pooled ladder, each seed beside the others. Logged to MLflow."""

from __future__ import annotations

from html import escape
from pathlib import Path

from medrwr.evaluation.ladder import CELLS
from medrwr.evaluation.page import page, table
from medrwr.evaluation.results import CELL_LABELS
from medrwr.records import write_text_atomic
from pipelines.rungs import RUNGS
from tests.benchmarks.learning_bars import Bar, Pool


def write_page(folder: Path, pool: Pool, found: list[Bar], seconds: dict[int, float]) -> Path:
    """`learning.html` in the folder, and as an artefact of a run in MLflow where the folder is."""
    seeds = ", ".join(f"{seed} ({seconds[seed]:.0f} s)" for seed in pool.seeds)
    lead = (
        f"Seeds, with the seconds of all stages: {seeds}. Greedy accuracy in percent; intervals 95%, by bootstrap over "
        "the facts of each seed. Each seed is another world with other held-out facts."
    )
    body = [
        f'<h1>What each stage teaches</h1><p class="soft">{lead}</p>',
        "<h2>Bars</h2>",
        table(["", "found", "n", "asked", ""], [_bar(bar) for bar in found]),
        "<h2>The ladder, all seeds</h2>",
        table(["rung", *(CELL_LABELS[cell] for cell in CELLS)], _ladder(pool)),
        "<h2>The ladder, seed by seed</h2>",
        table(["rung", *(CELL_LABELS[cell] for cell in CELLS)], _by_seed(pool)),
        "<p class='soft'>Curves, query types and worked examples of one seed: its reports/evaluation/report.html.</p>",
    ]
    path = folder / "learning.html"
    write_text_atomic(path, page("Learning", body))
    _log(folder, path)
    return path


def _bar(bar: Bar) -> list[str]:
    verdict = '<span class="right">met</span>' if bar.met else '<span class="wrong">missed</span>'
    return [escape(bar.name), bar.shown(), bar.questions, escape(bar.asked), verdict]


def _ladder(pool: Pool) -> list[list[str]]:
    rows = []
    for rung in RUNGS:
        shown = []
        for cell in CELLS:
            if (rung.name, cell) not in pool.rows:
                shown.append("-")
                continue
            found = pool.mean(rung.name, [cell])
            shown.append(
                f"{100 * found.estimate:.1f}<small>[{100 * found.lower:.1f}, {100 * found.upper:.1f}] "
                f"n={found.questions}</small>"
            )
        rows.append([escape(rung.label), *shown])
    return rows


def _by_seed(pool: Pool) -> list[list[str]]:
    rows = []
    for rung in RUNGS:
        shown = []
        for cell in CELLS:
            verdicts = pool.rows.get((rung.name, cell), {})
            of_seed = [[v["correct"] for q, v in verdicts.items() if q.startswith(f"{seed}:")] for seed in pool.seeds]
            shown.append(" / ".join(f"{100 * sum(right) / len(right):.1f}" for right in of_seed if right) or "-")
        rows.append([escape(rung.label), *shown])
    return rows


def _log(folder: Path, path: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("learning")
    with mlflow.start_run(run_name="learning"):
        mlflow.log_artifact(str(path))
