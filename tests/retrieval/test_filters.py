"""Filters: what passes by hand, in memory and in LanceDB alike; and no text that a user types is ever syntax."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medrwr.config import IndexSettings
from medrwr.errors import ConfigError
from medrwr.retrieval import IndexRetriever, PassageFilter, build_index
from medrwr.retrieval.lance import LanceTable, Table
from medrwr.retrieval.manifest import read_generations
from medrwr.retrieval.memory import open_table
from medrwr.types import Passage
from tests.retrieval.fakes import WordEncoder

ROWS = [
    ("medquad", "", "2017-03-09"),
    ("medquad", "mri", "2019"),
    ("openstax", "mri", "2019-11"),
    ("pub'med", "ct", ""),
    ("über", "ct", "2021-01-01"),
]
INJECTIONS = [
    "' OR 1=1",
    "medquad' OR '1'='1",
    "x' OR source LIKE '%",
    '"medquad"',
    "medquad'--",
    "medquad\x00",
    "ＭＥＤＱＵＡＤ",
    "') OR (true",
    "%",
    "\\",
    "NULL",
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    folder = tmp_path_factory.mktemp("filters")
    passages = [
        Passage(f"p{number}", f"A ring number {number}.", "d", source=source, modality=modality, date=date)
        for number, (source, modality, date) in enumerate(ROWS)
    ]
    build_index(passages, WordEncoder(), folder / "index", folder / "m.json", IndexSettings())
    (generation,) = read_generations(folder / "index", stage="index")
    return [
        open_table(folder / "index", generation, text="terms"),
        LanceTable(folder / "index", generation.table, exact=True),
    ]


def passing(table: Table, where: PassageFilter) -> set[int]:
    """Row numbers that vector search and full text both let through."""
    vectors = WordEncoder().encode(["A ring"])
    near = {int(hit.identity[1:]) for hit in table.nearest(vectors, limit=9, where=where)[0]}
    match = {int(hit.identity[1:]) for hit in table.matching(["ring"], column="terms", limit=9, where=where)[0]}
    assert near == match
    return near


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (PassageFilter(), {0, 1, 2, 3, 4}),
        (PassageFilter(sources=("medquad",)), {0, 1}),
        (PassageFilter(sources=("medquad", "über"), modalities=("mri", "ct")), {1, 4}),
        (PassageFilter(sources=("pub'med",)), {3}),
        (PassageFilter(since="2019"), {1, 2, 4}),
        (PassageFilter(until="2019"), {0, 1, 2}),  # 2019-11 is in 2019; the one without a date is not
        (PassageFilter(since="2018-01-01", until="2019-10"), {1}),
        (PassageFilter(sources=("nowhere",)), set()),
    ],
)
def test_what_passes_by_hand(tables: list[Table], where: PassageFilter, expected: set[int]) -> None:
    assert [passing(table, where) for table in tables] == [expected, expected]


def test_a_date_of_another_form_is_refused() -> None:
    for value in ("2019' OR 1=1", "19", "2019-1", "٢٠١٩", "2019-01-01T00:00"):
        with pytest.raises(ConfigError, match="expected YYYY"):
            PassageFilter(since=value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    source=st.one_of(st.sampled_from(INJECTIONS), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)),
    modality=st.one_of(st.just("mri"), st.sampled_from(INJECTIONS)),
)
def test_a_filter_lets_through_exactly_the_rows_that_have_its_values(
    tables: list[Table], source: str, modality: str
) -> None:
    for where in (PassageFilter(sources=(source,)), PassageFilter(sources=(source, "medquad"), modalities=(modality,))):
        expected = {
            number
            for number, row in enumerate(ROWS)
            if row[0] in where.sources and (not where.modalities or row[1] in where.modalities)
        }
        assert [passing(table, where) for table in tables] == [expected, expected]


def test_answers_with_and_without_a_filter_are_kept_apart(tables: list[Table]) -> None:
    manifest = object()
    retriever = IndexRetriever(tables[0], manifest, WordEncoder(), IndexSettings())  # type: ignore[arg-type]
    everything = retriever.search_batch(["A ring"], k=5)
    some = retriever.search_batch(["A ring"], k=5, where=PassageFilter(modalities=("ct",)))
    assert (len(everything[0]), {scored.passage.passage_id for scored in some[0]}) == (5, {"p3", "p4"})
    assert retriever.search_batch(["A ring"], k=5) == everything
    assert np.isfinite([scored.score for scored in some[0]]).all()
