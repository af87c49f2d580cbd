"""M2, M24: what is inserted and what a demonstration looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medrwr.policy.loading import Policy
from medrwr.rollout.grammar import BlockTracker
from medrwr.rollout.protocol import Segment, render_demonstration, render_passages
from medrwr.rollout.tokens import decode, encode_segments
from medrwr.types import DemonstrationStep, ImageCase
from tests.rollout.world import demonstration, passage, question


def test_passages_are_numbered_lines() -> None:
    shown = render_passages([passage(0, "It is treated\nwith kemopril.", title="Arc"), passage(1, "Text </retrieve>")])
    assert shown == "\n[1] Arc: It is treated with kemopril.\n[2] Text (retrieve)"


def test_nothing_found_is_said() -> None:
    assert render_passages([]) == "nothing found"


def test_a_demonstration_in_segments_m24() -> None:
    segments = render_demonstration(demonstration(question(1)), [[passage(0, "Text.")]])
    assert segments == [
        Segment("<think>I see a hazy nodule.</think><query>hazy nodule, treatment</query>", sampled=True),
        Segment("<retrieve>\n[1] Text.</retrieve>", sampled=False),
        Segment("<think>The passage names metoral.</think><answer>B. metoral</answer>", sampled=True),
    ]


def test_a_demonstration_of_a_second_look_m26() -> None:
    asked = question(1, image=True)
    shown = DemonstrationStep("No option.", "", taught=False, case=ImageCase("c", "c.png", "A </retrieve> nodule."))
    demo = demonstration(asked)
    segments = render_demonstration(replace(demo, steps=(shown, *demo.steps)), [[], [passage(0, "Text.")]])
    assert segments[:4] == [
        Segment("<think>No option.</think>", sampled=False),
        Segment("<retrieve>\n[1] ", sampled=False),
        Segment("", sampled=False, image="c.png"),
        Segment("A (retrieve) nodule.</retrieve>", sampled=False),
    ]
    assert segments[4:] == render_demonstration(demo, [[passage(0, "Text.")]])


def test_a_demonstration_keeps_to_the_grammar_m2() -> None:
    tracker = BlockTracker()
    kinds = []
    for segment in render_demonstration(demonstration(question(1)), [[passage(0, "Text.")]]):
        if segment.sampled:
            kinds += [(e.kind, e.block) for e in tracker.feed(segment.text, stop_at=frozenset({"query", "answer"}))]
        else:
            tracker.inserted("retrieve")
    asked = [("open", "think"), ("close", "think"), ("open", "query"), ("close", "query")]
    answered = [("open", "think"), ("close", "think"), ("open", "answer"), ("close", "answer")]
    assert kinds == asked + answered


def test_each_step_needs_its_passages() -> None:
    with pytest.raises(ValueError, match="zip"):
        render_demonstration(demonstration(question(1)), [])


def test_segments_and_their_mask_m4(policy: Policy, wordy_policy: Policy) -> None:
    segments = render_demonstration(demonstration(question(1)), [[passage(0, "Text.")]])
    for tokenizer in (policy.tokenizer, wordy_policy.tokenizer):
        tokenised = encode_segments(tokenizer, segments)
        assert decode(tokenizer, tokenised.ids) == "".join(segment.text for segment in segments)
        inserted = [token for token, sampled in zip(tokenised.ids, tokenised.env_mask, strict=True) if not sampled]
        assert decode(tokenizer, inserted) == segments[1].text
