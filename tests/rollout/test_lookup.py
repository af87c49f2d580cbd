"""The retriever's border: time limit, retries, one bad query."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from medrwr.errors import RetrievalError
from medrwr.rollout.lookup import look_up
from medrwr.types import ScoredPassage
from tests.rollout.world import DictionaryRetriever


class Flaky(DictionaryRetriever):
    """Fails `failures` times, then works."""

    def __init__(self, failures: int, error: Exception) -> None:
        super().__init__()
        self.failures, self.error = failures, error

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        found = super().search_batch(queries, k=k)
        if len(self.calls) <= self.failures:
            raise self.error
        return found


class Choking(DictionaryRetriever):
    """Fails whenever one of the queries is bad."""

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        if "bad" in queries:
            raise RetrievalError("cannot parse 'bad'")
        return super().search_batch(queries, k=k)


class Slow(DictionaryRetriever):
    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        time.sleep(0.5)
        return super().search_batch(queries, k=k)


def test_each_distinct_query_is_asked_once() -> None:
    retriever = DictionaryRetriever()
    found = look_up(retriever, ["smooth arc", "x", "smooth arc"], timeout_s=5, retries=0)
    assert retriever.calls == [["smooth arc", "x"]]
    assert found["smooth arc"][0].passage.title == "smooth arc"  # type: ignore[index]


@pytest.mark.parametrize("error", [RetrievalError("x"), OSError("gone")])
def test_a_retry_helps(error: Exception) -> None:
    retriever = Flaky(2, error)
    found = look_up(retriever, ["smooth arc"], timeout_s=5, retries=2)
    assert not isinstance(found["smooth arc"], RetrievalError)
    assert len(retriever.calls) == 3


def test_retries_end() -> None:
    found = look_up(Flaky(9, OSError("gone")), ["smooth arc"], timeout_s=5, retries=2)
    assert isinstance(found["smooth arc"], RetrievalError)
    assert "failed 3 times" in str(found["smooth arc"])
    assert "OSError: gone" in str(found["smooth arc"])


def test_one_bad_query_does_not_take_the_others_with_it() -> None:
    found = look_up(Choking(), ["smooth arc", "bad"], timeout_s=5, retries=1)
    assert isinstance(found["bad"], RetrievalError)
    assert not isinstance(found["smooth arc"], RetrievalError)


def test_a_retriever_that_hangs_is_left_behind() -> None:
    started = time.monotonic()
    found = look_up(Slow(), ["a", "b"], timeout_s=0.05, retries=1)
    assert time.monotonic() - started < 0.4
    assert all(isinstance(value, RetrievalError) for value in found.values())


def test_an_error_of_ours_is_not_swallowed() -> None:
    with pytest.raises(TypeError):
        look_up(Flaky(9, TypeError("a bug")), ["a"], timeout_s=5, retries=2)
