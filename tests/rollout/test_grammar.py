"""M2: the grammar, read piece by piece."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrwr.rollout.grammar import BlockTracker, Event

STOP = frozenset({"query", "answer"})


def read(text: str, *, stop_at: frozenset[str] = STOP, cuts: tuple[int, ...] = ()) -> list[Event]:
    tracker, events = BlockTracker(), []
    edges = [0, *sorted(cut for cut in cuts if cut <= len(text)), len(text)]
    for start, end in itertools.pairwise(edges):
        events += tracker.feed(text[start:end], stop_at=stop_at)
        if events and (events[-1].kind == "malformed" or (events[-1].block in stop_at and events[-1].kind == "close")):
            return events
    return events


def names(events: list[Event]) -> list[str]:
    return [f"{event.kind} {event.block}" for event in events]


def test_think_then_query() -> None:
    events = read("<think> p < 0.05 </think>\n<query>arc</query>")
    assert names(events) == ["open think", "close think", "open query", "close query"]
    assert (events[1].content, events[3].content) == ("p < 0.05", "arc")


def test_several_thoughts_are_allowed() -> None:
    assert names(read("<think>a</think><think>b</think><answer>A</answer>"))[-1] == "close answer"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<answer>A</answer>", "<answer> after nothing"),  # no thought
        ("<query>q</query>", "<query> after nothing"),
        ("Sure! <think>", "text outside the blocks"),
        ("<think>a</think>so<answer>", "text outside the blocks"),
        ("<think>a</think><retrieve>I invent this</retrieve>", "<retrieve> after think"),
        ("<think>a<query>q</query>", "<query> inside a think block"),
        ("<think>a</query>", "</query> inside a think block"),
        ("<think>a</think><query> </query>", "an empty query block"),
        ("<think></think>", "an empty think block"),
        ("<think>a</think><answer>\n</answer>", "an empty answer block"),
        ("</think>", "text outside the blocks"),
        ("<thinking>", "text outside the blocks"),
    ],
)
def test_violations(text: str, reason: str) -> None:
    last = read(text)[-1]
    assert last.kind == "malformed"
    assert last.content.startswith(reason)


def test_after_a_retrieval_comes_a_thought_or_the_answer() -> None:
    for follows, kind in (("<think>", "open"), ("<answer>", "open"), ("<query>", "malformed")):
        tracker = BlockTracker()
        tracker.feed("<think>a</think><query>q</query>", stop_at=STOP)
        tracker.inserted("retrieve")
        assert [e.kind for e in tracker.feed(follows, stop_at=STOP)] == [kind]


def test_the_tail_is_what_the_piece_held_beyond_the_tag() -> None:
    assert read("<think>a</think><query>q</query><")[-1] == Event("close", "query", "q", "<")


EPISODE = "<think>a < b </ c></think> <think>d</think>\n<query>granular ring</query>"


@given(st.lists(st.integers(0, len(EPISODE)), max_size=30))
def test_it_does_not_matter_where_the_pieces_are_cut(cuts: list[int]) -> None:
    assert names(read(EPISODE, cuts=tuple(cuts))) == names(read(EPISODE))
    assert [e.content for e in read(EPISODE, cuts=tuple(cuts))] == [e.content for e in read(EPISODE)]
