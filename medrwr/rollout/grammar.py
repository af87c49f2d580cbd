"""The grammar of M2 as a tracker that reads an episode's text as it is sampled: `(think (query retrieve)?)* answer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medrwr.rollout.tags import ANSWER, BLOCKS, LONGEST_TAG, QUERY, RETRIEVE, TAG, THINK, closing, opening


@dataclass(frozen=True, slots=True)
class Event:
    """What a piece of sampled text did: opened a block, closed one, or broke the grammar.

    `content` is the closed block's text, or why the text is malformed. `tail` is what the piece held beyond the
    event: sampled in the same token as the tag's end, never read as structure when the environment comes next.
    """

    kind: Literal["open", "close", "malformed"]
    block: str
    content: str = ""
    tail: str = ""


class BlockTracker:
    """Reads pieces of sampled text; only what the policy sampled (or the environment forced) ever reaches it."""

    def __init__(self) -> None:
        self.inside: str | None = None
        self._buffer = ""
        self._last: str | None = None

    @property
    def open_text(self) -> str:
        """Text of the block that is still open, or white space and half a tag between blocks."""
        return self._buffer

    @property
    def may_answer(self) -> bool:
        """Between blocks, where an answer may follow and nothing else has begun."""
        between = self.inside is None and self._allowed(ANSWER)
        return between and opening(ANSWER).startswith(self._buffer.strip())

    def feed(self, piece: str, *, stop_at: frozenset[str]) -> list[Event]:
        """Read one piece; reading ends where a block of `stop_at` closes, or at the first violation."""
        seen = len(self._buffer)
        self._buffer += piece
        events: list[Event] = []
        while True:
            event = self._within(seen) if self.inside else self._between()
            if event is None:
                return events
            events.append(event)
            seen = 0
            if event.kind == "malformed" or (event.kind == "close" and event.block in stop_at):
                return events

    def inserted(self, block: str) -> None:
        """The environment inserted a whole block; the policy goes on after it."""
        self.inside, self._buffer, self._last = None, "", block

    def forced(self, block: str) -> None:
        """The environment opened `block`, after closing whatever was open."""
        self.inside, self._buffer = block, ""

    def _within(self, seen: int) -> Event | None:
        assert self.inside is not None
        match = TAG.search(self._buffer, max(0, seen - LONGEST_TAG))
        if match is None:
            return None
        block, content, tail = self.inside, self._buffer[: match.start()], self._buffer[match.end() :]
        if match.group() != closing(block):
            return Event("malformed", block, f"{match.group()} inside a {block} block")
        if not content.strip():
            return Event("malformed", block, f"an empty {block} block")
        self.inside, self._buffer, self._last = None, tail, block
        return Event("close", block, content.strip(), tail)

    def _between(self) -> Event | None:
        text = self._buffer.lstrip()
        if not text:
            return None
        block = next((name for name in BLOCKS if text.startswith(opening(name))), None)
        if block is None:
            if any(opening(name).startswith(text) for name in BLOCKS):
                return None
            return Event("malformed", "", f"text outside the blocks: {text[:40]!r}")
        if not self._allowed(block):
            return Event("malformed", block, f"<{block}> after {self._last or 'nothing'}")
        self.inside, self._buffer = block, text[len(opening(block)) :]
        return Event("open", block, tail=self._buffer)

    def _allowed(self, block: str) -> bool:
        after = {THINK: (None, THINK, RETRIEVE), QUERY: (THINK,), RETRIEVE: (), ANSWER: (THINK, RETRIEVE)}
        return self._last in after[block]
