"""Conclusions of other cases, from which a question takes its wrong options (M12).

The first ones are of cases that look alike, so that a careless reader of the image finds a wrong option to believe; the
others are drawn at random. Reports that end in a named section ("Complication: ...") get what others say under it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

from medrwr.curation.items import CaseRecord
from medrwr.curation.rules import MOST_OPTIONS
from medrwr.curation.words import content_words

_GIVEN = 12
_ALIKE = 2  # of them; the rest keep a question from being one between neighbours only
_COMPARED = 400  # other cases, so that an archive of any size takes time in proportion


def other_conclusions(records: Mapping[str, CaseRecord], *, seed: int) -> dict[str, tuple[str, ...]]:
    """By case id at most 12 conclusions of other cases, distinct and not its own; drawn by seed and id."""
    by_section = defaultdict[str, list[str]](list)
    for case_id, record in records.items():
        by_section[_section(record.conclusion)].append(case_id)
    seen = {case_id: frozenset(content_words(record.observation)) for case_id, record in records.items()}
    everyone, drawn = list(records), {}
    for case_id, record in records.items():
        pool = by_section[_section(record.conclusion)]
        if len({records[other].conclusion for other in pool}) < MOST_OPTIONS:
            pool = everyone
        rng = random.Random(f"others:{seed}:{case_id}")
        cases = rng.sample(pool, min(len(pool), _COMPARED))
        alike = sorted(cases, key=lambda other: -_likeness(seen[case_id], seen[other]))
        mine = record.conclusion
        near = _distinct([records[other].conclusion for other in alike], but=(mine,))[:_ALIKE]
        rest = _distinct([records[other].conclusion for other in cases], but=(mine, *near))
        drawn[case_id] = (*near, *rest[: _GIVEN - len(near)])
    return drawn


def _distinct(conclusions: Sequence[str], *, but: Sequence[str]) -> list[str]:
    return [conclusion for conclusion in dict.fromkeys(conclusions) if conclusion not in but]


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The Jaccard index of two observations' words."""
    return len(one & other) / max(len(one | other), 1)


def _section(conclusion: str) -> str:
    name, found, _ = conclusion.partition(":")
    return name.casefold() if found else ""
