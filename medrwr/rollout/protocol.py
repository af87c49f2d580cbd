"""The protocol of an episode (M2, M5): `(think (query retrieve)?)* answer`, with at least one think.

    <think>t</think><query>q</query><retrieve>
    [1] title: text
    [2] title: text</retrieve><think>t</think><answer>B. kemopril</answer>

The policy samples all of it but the retrieve block, which the environment inserts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from medrwr.rollout.answers import parse_answer, render_answer
from medrwr.rollout.neutral import neutralise
from medrwr.rollout.tags import ANSWER, BLOCKS, QUERY, RETRIEVE, TAGS, THINK, closing, opening
from medrwr.types import Demonstration, ImageCase, ScoredPassage

__all__ = [
    "ANSWER",
    "BLOCKS",
    "QUERY",
    "RETRIEVE",
    "TAGS",
    "THINK",
    "Segment",
    "closing",
    "neutralise",
    "opening",
    "parse_answer",
    "render_answer",
    "render_block",
    "render_cases",
    "render_demonstration",
    "render_passages",
]

NOTHING_FOUND = "nothing found"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an episode's text, by the policy (`sampled`) or by the environment; or the place of an `image`."""

    text: str
    sampled: bool
    image: str = ""


def render_block(block: str, content: str) -> str:
    """`content` between the tags of `block`."""
    return f"{opening(block)}{content}{closing(block)}"


def render_passages(passages: Sequence[ScoredPassage]) -> str:
    """What stands inside a retrieve block: one numbered line a passage, neutralised (M5)."""
    if not passages:
        return NOTHING_FOUND
    lines = []
    for number, scored in enumerate(passages, start=1):
        title = neutralise(scored.passage.title)
        lines.append(f"\n[{number}] {title + ': ' if title else ''}{neutralise(scored.passage.text)}")
    return "".join(lines)


def render_cases(cases: Sequence[ImageCase]) -> list[Segment]:
    """A retrieve block of similar cases: each one's number, the place of its image, its caption, neutralised (M26)."""
    text, segments = opening(RETRIEVE), []
    for number, case in enumerate(cases, start=1):
        segments += [Segment(f"{text}\n[{number}] ", sampled=False), Segment("", sampled=False, image=case.image)]
        text = neutralise(case.caption)
    return [*segments, Segment(text + closing(RETRIEVE), sampled=False)]


def render_demonstration(demo: Demonstration, passages_per_step: Sequence[Sequence[ScoredPassage]]) -> list[Segment]:
    """A demonstration as it would have happened, sampled and inserted stretches in turn (M24).

    A step that is not taught counts as inserted.

    Args:
        passages_per_step: what the real retriever returned for each step's query; empty where a case is shown.

    Raises:
        ValueError: not one list of passages for each step.
    """
    segments: list[Segment] = []
    for step, passages in zip(demo.steps, passages_per_step, strict=True):
        thought = render_block(THINK, neutralise(step.think))
        if step.case is not None:
            segments += [Segment(thought, sampled=step.taught), *render_cases([step.case])]
            continue
        segments.append(Segment(thought + render_block(QUERY, neutralise(step.query)), sampled=step.taught))
        segments.append(Segment(render_block(RETRIEVE, render_passages(passages)), sampled=False))
    answer = render_answer(demo.question.answer, demo.question.options)
    last = render_block(THINK, neutralise(demo.final_think)) + render_block(ANSWER, answer)
    segments.append(Segment(last, sampled=True))
    return segments
