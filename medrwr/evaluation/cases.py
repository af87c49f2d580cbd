"""Which answers the browser of cases shows: a bounded sample in which every cell and every failure has its part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from medrwr.evaluation.examples import Answered, Example, what_happened, worked_example
from medrwr.evaluation.taxonomy import failure_of

RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Case:
    """One answer to be browsed. `failure` is '' where it is right, `account` '' where nothing was retrieved again."""

    example: Example
    failure: str
    account: str = ""


def pick_cases(answered: Sequence[Answered], *, at_most: int) -> list[Case]:
    """In turn one of each cell and kind (each failure, and the right ones), in their order, until there are enough.

    The wrong ones come first in what is returned, by cell and kind.
    """
    groups: dict[tuple[str, str], list[Answered]] = defaultdict(list)
    for item in answered:
        groups[(_kind(item), item.cell)].append(item)
    ordered = [groups[key] for key in sorted(groups, key=lambda key: (key[0] == RIGHT, key))]
    turns = [item for turn in zip_longest(*ordered) for item in turn if item is not None]
    chosen = {id(item) for item in turns[:at_most]}
    return [_case(item) for group in ordered for item in group if id(item) in chosen]


def _kind(item: Answered) -> str:
    kind = failure_of(item.question, item.trajectory, item.verdict)
    return kind.value if kind else RIGHT


def _case(item: Answered) -> Case:
    kind = _kind(item)
    return Case(worked_example(item, what_happened(item)), "" if kind == RIGHT else kind, _account(item))


def _account(item: Answered) -> str:
    """'B at 0.41 before, A at 0.77 beside the similar cases: the second is believed'."""
    cdir = item.trajectory.extras.get("cdir")
    if not cdir:
        return ""
    first, second = cdir["first"], cdir["second"]
    return (
        f"{first['letter'] or 'none'} at {first['confidence']:.2f} before, {second['letter'] or 'none'} at "
        f"{second['confidence']:.2f} beside the similar cases: the {cdir['chosen']} is believed"
    )
