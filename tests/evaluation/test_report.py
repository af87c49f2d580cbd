"""Results, charts, examples and the page."""

import itertools
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from PIL import Image

from medrwr.evaluation.charts import Chart, Series, Whisker, render_chart, render_whiskers
from medrwr.evaluation.examples import (
    NO_ANSWER,
    RIGHT_FROM_PASSAGE,
    RIGHT_OTHERWISE,
    WRONG_DESPITE_PASSAGE,
    WRONG_WITHOUT_PASSAGE,
    Answered,
    pick_examples,
    what_happened,
)
from medrwr.evaluation.ladder import Resampling, Rung, assemble
from medrwr.evaluation.report import Report, render_report
from medrwr.evaluation.results import ladder_json, ladder_markdown
from medrwr.evaluation.scorer import judge, judge_all
from medrwr.evaluation.sections import Section, sections_html, sections_markdown
from tests.evaluation.fakes import question, trajectory


def answered(number, letter, *, passages=(), image=False, calibrated=None):
    asked = question(number, image=image)
    episode = trajectory(asked, letter, query="granular ring", passages=passages)
    return Answered(asked, episode, judge(asked, episode), "held_in_image", calibrated)


@pytest.fixture
def ladder():
    questions = [question(number) for number in range(4)]
    right = judge_all(questions, [trajectory(asked, letter) for asked, letter in zip(questions, "AAAB", strict=True)])
    wrong = judge_all(questions, [trajectory(asked, letter) for asked, letter in zip(questions, "BBAB", strict=True)])
    return assemble(
        [Rung("base", "Base & first"), Rung("final", "Final")],
        {"base": {"held_in_text": wrong}, "final": {"held_in_text": right}},
        compare=[("base", "final")],
        chance={"held_in_text": 0.25},
        resampling=Resampling(samples=200),
    )


class Tags(HTMLParser):
    """Counts what opens and closes, and everything that a browser would fetch."""

    VOID = {"meta", "img", "br", "line", "circle", "polyline"}

    def __init__(self):
        super().__init__()
        self.open, self.sources, self.seen = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_markdown_says_accuracy_interval_and_n(ladder):
    text = ladder_markdown(ladder)
    assert "| chance | 25.0% |" in text
    assert re.search(r"\| Final \| 75\.0% \[\d+\.\d, 100\.0\] n=4 \|", text)
    assert "| Base & first -> Final | held in, text | +50.0 [" in text
    assert "| 2 / 0 | 0.500 | 0.500 |" in text  # exact McNemar: 2 x 1/4; each question a fact of its own: the same


def test_json_carries_all_numbers(ladder):
    data = json.loads(json.dumps(ladder_json(ladder)))
    assert data["rungs"][1]["cells"]["held_in_text"]["accuracy"]["estimate"] == 0.75
    assert data["comparisons"][0]["mcnemar_p"] == 0.5
    assert data["comparisons"][0]["permutation_p"] == pytest.approx(0.5)
    corrected = [item["holm_p"] for item in data["comparisons"]]
    assert all(p >= item["permutation_p"] for p, item in zip(corrected, data["comparisons"], strict=True))


@pytest.mark.parametrize(
    ("letter", "passages", "kind"),
    [
        ("A", ("Give kemopril.",), RIGHT_FROM_PASSAGE),
        ("A", ("Give tea.",), RIGHT_OTHERWISE),
        ("B", ("Give kemopril.",), WRONG_DESPITE_PASSAGE),
        ("B", (), WRONG_WITHOUT_PASSAGE),
        (None, ("Give kemopril.",), NO_ANSWER),
    ],
)
def test_every_episode_is_an_example_of_one_kind(letter, passages, kind):
    assert what_happened(answered(1, letter, passages=passages)) == kind


def test_examples_show_failures_too():
    episodes = [
        answered(1, "A", passages=("Give kemopril.",)),
        answered(2, "A", passages=("Give kemopril.",)),
        answered(3, "B"),
    ]
    examples = pick_examples(episodes)
    assert [example.question_id for example in examples] == ["q1", "q3"]
    assert (examples[0].steps[0].query, examples[0].steps[0].sources[0].text) == ("granular ring", "Give kemopril.")
    assert (examples[1].answer, examples[1].gold) == ("B. tarvol", "A. kemopril")


def test_a_calibrated_confidence_is_marked():
    assert pick_examples([answered(1, "A", calibrated=0.4)])[0].confidence == 0.4
    assert pick_examples([answered(1, "A", calibrated=0.4)])[0].calibrated
    assert not pick_examples([answered(1, "A")])[0].calibrated


def test_charts_are_valid_and_to_scale():
    svg = render_chart(Chart("T <1>", "x", "y", (Series("a & b", ((0.0, 0.0), (1.0, 1.0)), "dots"),), diagonal=True))
    root = ET.fromstring(svg)
    line = next(element for element in root.iter("polyline"))
    (x0, y0), (x1, y1) = (tuple(map(float, point.split(","))) for point in line.get("points").split())
    assert (x0, y1) == (52.0, 14.0)  # the frame's left and top margins
    assert (x1, y0) == (440 - 14, 320 - 44)
    whiskers = ET.fromstring(render_whiskers("W", [Whisker("a", 0.5, 0.4, 0.6)], reference=0.25))
    marks = [float(element.get("cx")) for element in whiskers.iter("circle")]
    assert marks == [200 + 0.5 * (440 - 200 - 58)]  # labels on the left, the number on the right


def test_a_long_label_is_written_in_lines_that_fit():
    long = "Image stage, all asked again, the new answer counts"
    root = ET.fromstring(render_whiskers("W", [Whisker(long, 0.5, 0.4, 0.6), Whisker("b", 1.0, 0.9, 1.0)]))
    labels = [element.text for element in root.iter("text") if float(element.get("x")) == 190]
    assert " ".join(labels) == f"{long} b"
    assert max(map(len, labels)) <= 28
    heights = [float(element.get("y")) for element in root.iter("text") if float(element.get("x")) == 190]
    assert all(later - earlier >= 15 for earlier, later in itertools.pairwise(heights))


def test_the_page_is_whole_escaped_and_fetches_nothing(ladder, tmp_path):
    (tmp_path / "images").mkdir()
    Image.new("L", (4, 4)).save(tmp_path / "images/1.png")
    examples = pick_examples(
        [answered(1, "A", passages=("<script>alert(1)</script> kemopril",), image=True), answered(2, "B", image=True)]
    )
    chart = Chart("Reliability", "confidence", "accuracy", (Series("raw", ((0.1, 0.2),), "dots"),), diagonal=True)
    report = Report(
        "R & D", "Lead", (("held out", "71%"),), ladder, ladder, (chart,), tuple(examples), ("a note",), tmp_path
    )
    text = render_report(report)
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert tags.open == []
    assert "script" not in tags.seen
    assert "R &amp; D" in text
    assert len(tags.sources) == 1
    assert tags.sources[0].startswith("data:image/png;base64,")
    assert "2.png is missing" in text
    assert "prefers-color-scheme: dark" in text
    assert "://" not in text
    assert render_report(report) == text


def test_a_sections_text_is_escaped_and_a_long_table_opens_on_demand():
    short = Section("S & T", "Note.", ("a",), (("<script>|</script>",),))
    long = Section("Long", "Note.", ("a",), tuple((str(number),) for number in range(21)))
    empty = Section("Empty", "Note.", ("a",), ())
    first, second = sections_html([short, long, empty])
    assert "&lt;script&gt;|&lt;/script&gt;" in first
    assert "<details>" not in first
    assert "<details><summary>21 lines</summary>" in second
    text = sections_markdown([short, empty])
    assert "## S & T" in text
    assert "| <script>/</script> |" in text  # a bar would open another cell
    assert "Empty" not in text
