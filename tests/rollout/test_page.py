"""The page of rollouts: all that happened is there, and nothing of it is markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from medrwr.rollout.page import ShownGroup, render_page
from medrwr.training.watching import Watcher, advantages_of
from medrwr.types import Answer, Group, Passage, Question, ScoredPassage, StopReason, Trajectory, Turn

QUESTION = Question("q", "What treats <b>it</b>?", ("metoral", "kemopril"), 1)


def trajectory(letter: str | None, think: str = "I see.") -> Trajectory:
    found = (ScoredPassage(Passage("p", "<script>alert(1)</script> kemopril", "d", title="Ring"), 0.5),)
    turns = (Turn(think, "ring & drug", found), Turn("So."))
    return Trajectory("q", (), (), (), (), turns, Answer(letter, raw=f"{letter}."), StopReason.ANSWERED, confidence=0.7)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_a_group_side_by_side() -> None:
    group = Group(QUESTION, (trajectory("B"), trajectory(None, "<answer>")), (7.0, 1.0), advantages_of((7.0, 1.0)))
    page = render_page(
        "last step", [ShownGroup(group, [{"accuracy": 1.0, "total": 7.0}, {"accuracy": 0.0, "total": 1.0}])]
    )
    reader = Reader()
    reader.feed(page)
    assert reader.tags.count("article") == 2
    assert "script" not in reader.tags
    assert "b" in reader.tags  # the labels'
    assert "What treats <b>it</b>?" in "".join(reader.texts)
    for shown in (
        "ring & drug",
        "<script>alert(1)</script> kemopril",
        "<answer>",
        "advantage",
        "0.707",
        "-0.707",
        "accuracy",
    ):
        assert any(shown in text for text in reader.texts), shown
    assert 'class="right"' in page
    assert 'class="wrong"' in page
    assert "names the right option" in page


def test_advantages_are_standard_scores_m22() -> None:
    """Rewards 1, 3: mean 2, standard deviation sqrt(2)."""
    assert advantages_of((1.0, 3.0)) == pytest.approx((-(2**-0.5), 2**-0.5), abs=1e-4)
    assert advantages_of((2.0, 2.0)) == (0.0, 0.0)


class Kept:
    def __init__(self) -> None:
        self.steps: list[int] = []

    def trace(self, question: Question, made: Trajectory, score: object, tags: dict[str, str]) -> None:
        self.steps.append(int(tags["step"]))


def test_every_third_trajectory_is_traced_and_the_last_step_is_kept() -> None:
    kept = Kept()
    watcher = Watcher(kept, every=3)
    for step in range(3):
        watcher(step, [QUESTION] * 2, [trajectory("B"), trajectory("A")], [{"total": 7.0}, {"total": float(step)}])
    assert kept.steps == [0, 1]  # the first and the fourth of six
    (shown,) = watcher.last_groups()
    assert shown.group.rewards == (7.0, 2.0)
