"""The retriever's border: one call for all waiting episodes, with a time limit and retries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from medrwr.config import RolloutSettings
from medrwr.errors import RetrievalError
from medrwr.rollout.episode import Episode
from medrwr.types import ScoredPassage

Result = TypeVar("Result")


class PassageSearch(Protocol):
    """What the engine needs of a retriever."""

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        """The best passages of each query, best first."""


def look_up(
    retriever: PassageSearch | None, queries: Sequence[str], *, timeout_s: float, retries: int
) -> Mapping[str, tuple[ScoredPassage, ...] | RetrievalError]:
    """Passages by query, each distinct query asked once.

    When the whole batch fails, retries included, each query is asked alone, once: one that the retriever chokes on
    does not take the others with it. A query that fails alone maps to its error.
    """
    distinct = list(dict.fromkeys(queries))
    if retriever is None:
        return dict.fromkeys(distinct, RetrievalError("the engine has no retriever: give it one, or set max_turns=0"))
    outcome = _attempts(lambda: retriever.search_batch(distinct), timeout_s=timeout_s, retries=retries)
    if not isinstance(outcome, RetrievalError):
        return dict(zip(distinct, outcome, strict=True))
    if len(distinct) == 1 or isinstance(outcome.__cause__, TimeoutError):
        return dict.fromkeys(distinct, outcome)
    alone: dict[str, tuple[ScoredPassage, ...] | RetrievalError] = {}
    for query in distinct:
        single = _attempts(lambda query=query: retriever.search_batch([query]), timeout_s=timeout_s, retries=0)  # type: ignore[misc]
        alone[query] = single if isinstance(single, RetrievalError) else single[0]
    return alone


def ask_for_all(episodes: Sequence[Episode], retriever: PassageSearch | None, settings: RolloutSettings) -> None:
    """Give every waiting episode what its query found; where that failed the episode ends, and the others go on."""
    waiting = [(episode, episode.query) for episode in episodes if episode.query is not None]
    if not waiting:
        return
    found = look_up(
        retriever,
        [query for _, query in waiting],
        timeout_s=settings.retriever_timeout_s,
        retries=settings.retriever_retries,
    )
    for episode, query in waiting:
        passages = found[query]
        if isinstance(passages, RetrievalError):
            episode.lose_retriever(str(passages))
        else:
            episode.receive(passages)


def _attempts(call: Callable[[], Result], *, timeout_s: float, retries: int) -> Result | RetrievalError:
    for attempt in range(retries + 1):
        try:
            return _within(call, timeout_s)
        except (RetrievalError, OSError) as error:
            cause = f"{type(error).__name__}: {error}"
            failure = RetrievalError(
                f"the retriever failed {attempt + 1} times, limit {timeout_s:g} s each ({cause}): check the index, or "
                "raise rollout.retriever_timeout_s"
            )
            failure.__cause__ = error
    return failure


def _within(call: Callable[[], Result], timeout_s: float) -> Result:
    """The call's result; after `timeout_s` it is left behind on its own thread and TimeoutError (an OSError) raised."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - handed over to the caller's thread, whatever it is
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="retriever")
    thread.start()
    thread.join(timeout_s)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no reply after {timeout_s:g} s")
    return results[0]
