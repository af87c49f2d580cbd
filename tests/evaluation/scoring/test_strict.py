"""Our reading of completions: hand-labelled ones without a disagreement, and garbage that never scores (M16)."""

from __future__ import annotations

import json
import random
import string
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from medrwr.evaluation.scoring.strict import read_letter
from medrwr.rollout.answers import parse_answer, render_answer
from medrwr.types import LETTERS

LABELLED = Path(__file__).with_name("completions.jsonl")
DRUGS = ("kemopril", "metoral", "tarvenol", "sorimab")


def labelled() -> list[dict[str, Any]]:
    return [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]


def test_m16_no_disagreement_with_the_labels() -> None:
    """Labelled by hand: tags, boxes, statements, denials, several letters, look-alikes, languages, letters to J."""
    rows = labelled()
    assert len(rows) >= 300
    assert {row["letter"] for row in rows} == {None, *LETTERS}
    assert sum(row["letter"] is None for row in rows) >= 100
    disagreements = [
        (row["completion"], row["letter"], found)
        for row in rows
        if (found := read_letter(row["completion"], row["options"])) != row["letter"]
    ]
    assert disagreements == []


def test_labels_are_distinct() -> None:
    rows = [(row["completion"], *row["options"]) for row in labelled()]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("letter", LETTERS)
def test_m16_letters_to_j_in_every_form(letter: str) -> None:
    options = tuple(f"option text {number}" for number in range(10))
    place = LETTERS.index(letter)
    whole = render_answer(place, options)
    for text in (
        whole,
        f"<think>t</think><answer>{whole}</answer>",
        f"\\boxed{{{letter}}}",
        f"The answer is {letter}.",
        f"Answer: ({letter}) {options[place]}",
    ):
        assert read_letter(text, options) == letter
    assert read_letter(f"The answer is {letter}.", options[:2]) == (letter if place < 2 else None)


@hypothesis.settings(max_examples=100, derandomize=True, deadline=None)
@hypothesis.given(strategies.text(strategies.characters(exclude_characters="<"), max_size=40))
def test_an_answer_block_is_read_by_the_one_parser(content: str) -> None:
    assert read_letter(f"<think>t</think><answer>{content}</answer>", DRUGS) == parse_answer(content, DRUGS).letter


def test_m16_garbage_never_scores() -> None:
    """Ten thousand strings of letters, digits, marks and words: none is read; each right letter would be 1 of 4."""
    generator = random.Random(0)
    words = [
        "the",
        "patient",
        "A",
        "fever",
        "B",
        "cell",
        "is",
        "was",
        "C",
        "section",
        "D",
        "dimer",
        "answer",
        "not",
        "of",
    ]
    for _ in range(5000):
        soup = "".join(generator.choices(string.ascii_letters + string.digits + " .,;#{}\\/\n", k=40))
        assert read_letter(f"zz{soup}zz", DRUGS) is None, soup
        said = " ".join(generator.choices(words, k=12)) + " seen"
        if " answer is " not in f" {said} ":
            assert read_letter(said, DRUGS) is None, said
