"""What happens in an episode, passed on to whoever listens: text, thoughts, queries, passages, cases."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from medrwr.rollout.episode import Episode
from medrwr.types import ScoredCase, ScoredPassage


class Listener(Protocol):
    """Called by the thread that plays: it must return at once and never raise."""

    def text(self, piece: str) -> None:
        """The policy wrote a piece of text, tags included."""

    def thought(self, text: str) -> None:
        """A thought is complete."""

    def query(self, query: str) -> None:
        """A query is complete."""

    def passages(self, query: str, passages: Sequence[ScoredPassage]) -> None:
        """What a query found."""

    def cases(self, cases: Sequence[ScoredCase]) -> None:
        """The first answer was unsure: these similar cases are looked at, and the question is answered again."""


class Silent:
    """Listens to nothing."""

    def text(self, piece: str) -> None: ...

    def thought(self, text: str) -> None: ...

    def query(self, query: str) -> None: ...

    def passages(self, query: str, passages: Sequence[ScoredPassage]) -> None: ...

    def cases(self, cases: Sequence[ScoredCase]) -> None: ...


class WatchedBy:
    """An episode's `Watcher`: passes on what happens, and ends the episode when nobody waits for it any more."""

    def __init__(self, listener: Listener, episode: Episode, abandoned: threading.Event) -> None:
        self._listener, self._episode, self._abandoned = listener, episode, abandoned

    def sampled(self, text: str) -> None:
        self._listener.text(text)
        if self._abandoned.is_set():
            self._episode.abandon()

    def thought(self, text: str) -> None:
        self._listener.thought(text)

    def asked(self, query: str) -> None:
        self._listener.query(query)

    def received(self, query: str, passages: Sequence[ScoredPassage]) -> None:
        self._listener.passages(query, passages)
