"""What drives a query, the learning curves, and what changed between two rungs."""

from medrwr.evaluation.charts import render_chart
from medrwr.evaluation.examples import GOT_WORSE, IMPROVED, Answered, pick_changes
from medrwr.evaluation.learning import QueryRow, learning_charts, query_table
from medrwr.evaluation.query_types import query_type, query_types, shares
from medrwr.evaluation.scorer import judge
from medrwr.types import Passage, Question, ScoredPassage, Turn
from tests.evaluation.fakes import question, trajectory

ASKED = Question("q", "What is the first treatment for the sign in this image?", ("kemopril", "tarvol"), 0)
EARLIER = (Turn("Seen.", "q", (ScoredPassage(Passage("p", "It heals.", "d", title="Abrenosis"), 1.0),)),)


def test_m32_query_types_by_rule():
    assert query_type(ASKED, "The first treatment for the sign", ()) == "literal"
    assert query_type(ASKED, "first treatment", ()) == "observation"  # two words are nobody's quotation
    assert query_type(ASKED, "is kemopril given for it", ()) == "confirmation"
    assert query_type(ASKED, "kemoprilate", ()) == "observation"  # whole words only
    assert query_type(ASKED, "abrenosis, blood marker", EARLIER) == "hypothesis"
    assert query_type(ASKED, "abrenosis, blood marker", ()) == "observation"  # nothing named it before
    assert query_type(ASKED, "lucent band on tomography", EARLIER) == "observation"


def test_m32_shares_of_a_trajectory():
    types = query_types(ASKED, trajectory(question(1), "A", query="lucent band"))
    assert types == ["observation"]
    assert shares(["literal", "literal", "hypothesis", "observation"]) == {
        "literal": 0.5,
        "confirmation": 0.0,
        "hypothesis": 0.25,
        "observation": 0.25,
    }
    assert set(shares([]).values()) == {0.0}


def test_curves_are_running_means_within_their_own_range():
    rows = [(1, "accuracy", 0.0), (2, "accuracy", 1.0), (3, "accuracy", 2.0), (1, "format", 1.0), (3, "format", 1.0)]
    (chart,) = learning_charts("Rewards", rows, window=2)
    assert [(one.label, one.points) for one in chart.series] == [
        ("accuracy", ((1, 0.0), (2, 0.5), (3, 1.5))),
        ("format", ((1, 1.0), (3, 1.0))),
    ]
    assert (chart.x_range, chart.y_range) == ((0.0, 3.0), (0.0, 1.875))
    assert "1.88" in render_chart(chart)  # the topmost tick, three digits


def test_more_than_four_series_are_two_charts():
    assert [len(chart.series) for chart in learning_charts("r", [(1, name, 1.0) for name in "abcdef"])] == [4, 2]


def test_the_query_table_says_how_many_and_what():
    table = query_table([QueryRow("SFT <1>", "held out, image", 7, shares(["literal"]))])
    assert "SFT &lt;1&gt;" in table
    assert "<td>7</td>" in table
    assert "100%" in table


def test_changes_since_a_rung_both_ways():
    asked = [question(number) for number in range(4)]
    before = [judge(q, trajectory(q, letter)) for q, letter in zip(asked, "BABA", strict=True)]
    now = [
        Answered(q, episode, judge(q, episode), "held_out_image")
        for q, letter in zip(asked, "ABBA", strict=True)
        for episode in [trajectory(q, letter)]
    ]
    found = pick_changes(before, now, each=1)
    assert [(one.question_id, one.why) for one in found] == [("q0", IMPROVED), ("q1", GOT_WORSE)]
    assert pick_changes([], now) == []
