"""A report with plots, failures of every kind and hostile text, for the page's tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image

from medrwr.evaluation.cases import pick_cases
from medrwr.evaluation.charts import Chart, Series
from medrwr.evaluation.examples import Answered
from medrwr.evaluation.finding_tables import failure_section
from medrwr.evaluation.ladder import Resampling, Rung, assemble
from medrwr.evaluation.report import Report, render_report
from medrwr.evaluation.scorer import judge
from medrwr.evaluation.taxonomy import count_failures
from tests.evaluation.fakes import question, trajectory

HOSTILE = "<script>window.taken = true</script><img src=x onerror='window.taken = true'> kemopril"
CELL = "held_in_image"


def answered_questions(images: Path) -> list[Answered]:
    """12 answers: 4 right, 4 wrong with the answer in a passage (2 hostile), 2 without a query, 2 unparsed."""
    (images / "images").mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(12):
        Image.effect_noise((56, 56), 60).save(images / f"images/{number}.png")
        asked = replace(question(number, image=True), explanation="")
        letter = "A" if number < 4 else "B" if number < 10 else None
        query = None if number in (8, 9) else "granular ring"
        passages = (HOSTILE if number in (4, 5) else f"Give kemopril, dose {number}.",) if query else ()
        episode = trajectory(asked, letter, query=query, passages=passages)
        found.append(Answered(asked, episode, judge(asked, episode), CELL))
    return found


def write_page(folder: Path) -> Path:
    """report.html in the folder."""
    answered = answered_questions(folder)
    asked, played, verdicts = (
        [getattr(one, name) for one in answered] for name in ("question", "trajectory", "verdict")
    )
    ladder = assemble(
        [Rung("final", "Final")],
        {"final": {CELL: verdicts}},
        compare=[],
        chance={CELL: 0.25},
        resampling=Resampling(samples=100),
    )
    chart = Chart("Reliability", "confidence", "accuracy", (Series("raw", ((0.1, 0.2), (0.9, 0.8)), "dots"),), True)
    report = Report(
        "Evaluation", "Lead.", (("accuracy", "33%"),), ladder, ladder, (chart,), (), ("a note",), folder,
        sections=(failure_section([count_failures("final", CELL, asked, played, verdicts)], {"final": "Final"}),),
        cases=tuple(pick_cases(answered, at_most=10)), answers=len(answered),
    )  # fmt: skip
    page = folder / "report.html"
    page.write_text(render_report(report), encoding="utf-8")
    return page
