"""The figures of a run, worked out by hand (M28, M31)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medrwr.datasets.benchmarks.record import OpenQuestion
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.runs.answered import Answered, answered_closed, completed_open
from medrwr.evaluation.runs.pages import run_html, run_markdown
from medrwr.evaluation.runs.summary import BenchmarkSummary, notes_of, summarise_closed, summarise_open
from medrwr.evaluation.scripts import script_of
from tests.evaluation.fakes import question, trajectory

TWO = ("yes", "no")


def answered(number: int, letter: str | None, *, kind: str = "", cluster: str = "", gold: int = 0, options=None):
    asked = replace(question(number, answer=gold, options=options or ("a", "b", "c", "d")), kind=kind)
    return answered_closed("set", asked, trajectory(asked, letter), cluster or f"c{number}")


def test_m28_rates_by_hand() -> None:
    """Right, wrong, not read, right: 2 of 4 in 3 cases; chance (3 x 1/4 + 1/2) / 4; kinds x 1/2 and y 1/2."""
    found = summarise_closed(
        [
            answered(0, "A", kind="x", cluster="one"),
            answered(1, "B", kind="x", cluster="one"),
            answered(2, None, kind="y"),
            answered(3, "A", kind="y", options=TWO),
        ],
        Resampling(samples=200),
    )
    assert found is not None
    assert (found.score.questions, found.score.right, found.unparsed) == (4, 2, 1)
    assert (found.accuracy.estimate, found.accuracy.clusters) == (0.5, 3)
    assert found.accuracy.lower < 0.5 < found.accuracy.upper
    assert found.chance == pytest.approx((3 / 4 + 1 / 2) / 4)
    assert {kind: one.estimate for kind, one in found.by_kind.items()} == {"x": 0.5, "y": 0.5}
    assert found.by_script == {}
    assert found.stops == {"answered": 4}


def opened(number: int, written: str, *answers: str) -> Answered:
    asked = OpenQuestion(f"o{number}", "What is seen?", answers)
    return completed_open("set", asked, written, f"c{number}")


def test_m28_open_questions_by_hand() -> None:
    """Right; one of two words; nothing written: 1 of 3 exact, recall (1 + 1/2 + 0) / 3."""
    found = summarise_open(
        [opened(0, "The Right Lung.", "lung", "right lung"), opened(1, "lung", "right lung"), opened(2, "", "gout")],
        Resampling(samples=200),
    )
    assert found is not None
    assert (found.questions, found.right, found.unanswered) == (3, 1, 1)
    assert (found.exact.estimate, found.recall.estimate) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert summarise_open([answered(0, "A")], Resampling()) is None
    assert summarise_closed([opened(0, "lung", "lung")], Resampling()) is None


def test_nothing_closed_is_no_figure() -> None:
    assert summarise_closed([], Resampling()) is None


def test_one_class_alone_is_told() -> None:
    (note,) = notes_of([answered(number, "B", gold=1) for number in range(3)])
    assert note.startswith("all 3 right answers are B")
    assert notes_of([answered(0, "A"), answered(1, "A", gold=2)]) == ()


def test_mixed_languages_are_told_and_scored_apart() -> None:
    """A Latin question answered right, two Chinese ones wrong."""
    chinese = [
        replace(answered(number, "B"), question="这张图像中有骨折吗？", script=script_of("这张图像中有骨折吗？"))
        for number in (1, 2)
    ]
    answers = [answered(0, "A"), answered(3, "C", gold=1), *chinese]
    found = summarise_closed(answers, Resampling(samples=200))
    assert found is not None
    assert {script: one.estimate for script, one in found.by_script.items()} == {"Han": 0.0, "Latin": 0.5}
    (note,) = notes_of(answers)
    assert note.startswith("questions in 2 writing systems (Latin 2, Han 2)")


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Is there a fracture?", "Latin"),
        ("Où est l'œdème ?", "Latin"),
        ("Есть ли перелом?", "Cyrillic"),
        ("هل يوجد كسر؟", "Arabic"),
        ("骨折はありますか", "Han"),
        ("CT 图像显示什么病变？", "Han"),
        ("1 + 2 = ?", "none"),
        ("", "none"),
    ],
)
def test_scripts(text: str, script: str) -> None:
    assert script_of(text) == script


def test_the_pages_show_every_figure_and_escape_what_others_wrote() -> None:
    wrong = replace(answered(0, "B"), question="<script>alert(1)</script>", answer="B. <img src=x>")
    answers: list[Answered] = [wrong, answered(1, "A")]
    summary = BenchmarkSummary(
        name="set",
        records=5,
        closed=summarise_closed(answers, Resampling(samples=200)),
        open=summarise_open([opened(2, "the effusion", "effusion"), opened(3, "", "gout")], Resampling(samples=200)),
        excluded={"image .. is missing": 2},
        not_asked={"open question": 1},
        notes=("a note",),
    )
    markdown = run_markdown("Run", [summary], {"model": "tiny"})
    html = run_html("Run", [summary], {"model": "tiny"}, answers)
    for text in (markdown, html):
        assert "50.0%" in text
        assert "2 left out: image .. is missing" in text
        assert "1 not asked: open question" in text
        assert "a note" in text
        assert "recall of words" in text
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "1 wrong answers, the first 1" in html
