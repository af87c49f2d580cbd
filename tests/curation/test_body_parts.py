"""The data card's body parts: by the words that name them."""

from __future__ import annotations

import pytest

from medrwr.curation.body_parts import body_part_of


@pytest.mark.parametrize(
    ("caption", "part"),
    [
        ("CT of the abdomen with a mass of the liver and the left lung base.", "abdomen"),
        ("Both lungs are clear; the spleen is normal.", "chest"),  # one word each: the first
        ("Fractures of two ribs.", "chest"),
        ("A granular ring.", "not stated"),
        ("", "not stated"),
    ],
)
def test_a_caption_is_about_the_part_that_most_of_its_words_name(caption: str, part: str) -> None:
    assert body_part_of(caption) == part
