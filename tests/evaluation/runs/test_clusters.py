"""Questions about one image or one fact are one case (M31)."""

from __future__ import annotations

from dataclasses import replace

from medrwr.datasets.benchmarks.record import OpenQuestion
from medrwr.evaluation.runs.clusters import clusters_of
from tests.evaluation.fakes import question


def test_m31_what_shares_an_image_or_a_fact_is_one_case() -> None:
    """q0 and q1 share a fact, q1 and the open question an image: one case of three; q3 and q4 stand alone."""
    one, two = question(0, fact="f"), replace(question(1, fact="f"), images=("a.png",))
    opened = OpenQuestion("o", "What?", ("gout",), images=("b.png", "a.png"))
    alone, other = question(3), question(4, fact="g", image=True)
    assert clusters_of([one, alone, two, opened, other]) == {"q0": "q0", "q1": "q0", "o": "q0", "q3": "q3", "q4": "q4"}


def test_a_case_is_named_whatever_joins_it_later() -> None:
    """The first two are joined only by the third."""
    first, second = replace(question(0), images=("a",)), replace(question(1), images=("b",))
    both = replace(question(2), images=("b", "a"))
    assert set(clusters_of([first, second, both]).values()) == {"q0"}
