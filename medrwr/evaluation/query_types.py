"""What drives a query (M32; the paper's F.1): counted for every trajectory, by rules that a reader can follow.

- literal: a stretch of the question itself, four words or more;
- confirmation: names an option, to have it confirmed;
- hypothesis: names what an earlier passage is about, such as a disease;
- observation: anything else: what was seen or read, in the policy's own words.

The first rule that fits counts. `literal` is ours: asking what the question says needs no look at the image.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from medrwr.types import Question, Trajectory, Turn

QUERY_TYPES = ("literal", "confirmation", "hypothesis", "observation")
_LITERAL_WORDS = 4


def query_types(question: Question, trajectory: Trajectory) -> list[str]:
    """The type of each query of a trajectory, in their order."""
    return [
        query_type(question, turn.query, trajectory.turns[:place])
        for place, turn in enumerate(trajectory.turns)
        if turn.query is not None
    ]


def query_type(question: Question, query: str, earlier: Sequence[Turn]) -> str:
    """The type of one query; `earlier` are the turns before it."""
    asked, words = _words(query), _words(question.text)
    if len(asked) >= _LITERAL_WORDS and _within(asked, words):
        return "literal"
    if any(_within(_words(option), asked) for option in question.options):
        return "confirmation"
    titles = {found.passage.title for turn in earlier for found in turn.passages if found.passage.title}
    if any(_within(_words(title), asked) for title in titles):
        return "hypothesis"
    return "observation"


def shares(types: Iterable[str]) -> dict[str, float]:
    """Share of each type among queries; all 0 where there are none."""
    counted = Counter(types)
    total = sum(counted.values())
    return {kind: counted[kind] / total if total else 0.0 for kind in QUERY_TYPES}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    size = len(part)
    return size > 0 and any(list(whole[i : i + size]) == list(part) for i in range(len(whole) - size + 1))
