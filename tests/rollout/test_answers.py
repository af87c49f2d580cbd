"""M16: the one answer parser. The rows of reference-review.md's option parser are all here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrwr.rollout.protocol import parse_answer, render_answer
from medrwr.types import LETTERS

OPTIONS = ("metoral", "kemopril", "A fever", "fever")


@pytest.mark.parametrize(
    "text",
    [
        "B. kemopril",
        "\nB. kemopril\n",
        "(B)",
        "B)",
        "B:",
        "B",
        "**B**",
        "**B. kemopril**",
        "**B**. kemopril",
        "B: **Kemopril**.",
        "(B) kemopril",
        "B - kemopril",
        "B kemopril",
        "B.\n  kemopril",
        "b. kemopril",
        "`B`",
        "Ｂ．kemopril",  # full-width
    ],
)
def test_forms_that_name_option_b_m16(text: str) -> None:
    parsed = parse_answer(text, OPTIONS)
    assert (parsed.letter, parsed.text, parsed.raw) == ("B", "kemopril", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "B. metoral",  # letter and text disagree
        "B. wrong text",
        "B. kemo",
        "A, B",
        "A/B",
        "AB",
        "A and B",
        "A. metoral B. kemopril C. A fever D. fever",  # all options
        "A. metoral\nB. kemopril",
        "kemopril",  # a text without a letter
        "A subdural hematoma",  # an article, not a letter
        "A fever",  # option C's text, or option A with D's text: in no reading option A
        "E. something",  # no such option
        "1. metoral",
        "None of them",
    ],
)
def test_texts_that_name_no_option_m16(text: str) -> None:
    assert parse_answer(text, OPTIONS).letter is None


def test_letters_go_to_j() -> None:
    options = [f"drug {number}" for number in range(10)]
    assert parse_answer("J. drug 9", options).letter == "J"
    assert parse_answer("J", options[:9]).letter is None


@given(st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=10), st.data())
def test_what_is_rendered_is_read_back(options: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(options) - 1))
    assert parse_answer(render_answer(index, options), options).letter == LETTERS[index]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_never_an_error(text: str) -> None:
    assert parse_answer(text, OPTIONS).letter in (None, "A", "B", "C", "D")
