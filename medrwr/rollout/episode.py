"""One episode as it grows: ids, masks and log-probabilities beside the grammar's state (M2-M5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from medrwr.datasets.benchmarks.record import Item
from medrwr.rollout.context import Context
from medrwr.rollout.grammar import BlockTracker, Event
from medrwr.rollout.protocol import (
    ANSWER,
    QUERY,
    RETRIEVE,
    THINK,
    closing,
    neutralise,
    opening,
    parse_answer,
    render_block,
    render_passages,
)
from medrwr.rollout.record import Cut, TokenRecord
from medrwr.rollout.tokens import PieceDecoder
from medrwr.types import Answer, ScoredPassage, StopReason, Trajectory, Turn

_SHORTEST_THOUGHT = 8  # tokens that must be left for thinking after passages were inserted


@dataclass(frozen=True, slots=True)
class Limits:
    """What one episode may use; `answer_reserve` tokens stay free for the answer block."""

    turns: int
    turn_tokens: int
    completion_tokens: int
    answer_reserve: int


@dataclass(frozen=True, slots=True)
class TokenKinds:
    """Ids that end the policy's turn, and ids that have no place in a completion."""

    stop: frozenset[int]
    control: frozenset[int]


class Watcher(Protocol):
    """Told what happens in an episode, as it happens, by the thread that plays it."""

    def sampled(self, text: str) -> None:
        """The policy wrote `text`: a piece of any length, tags included."""

    def thought(self, text: str) -> None:
        """A think block closed."""

    def asked(self, query: str) -> None:
        """A query block closed: the retriever is next."""

    def received(self, query: str, passages: Sequence[ScoredPassage]) -> None:
        """What the query found stands in the context."""


class Episode:
    """State of one episode: the engine feeds it sampled tokens and passages, and reads what comes next.

    `query` is set while it waits for passages; `reads_confidence` while the model's next distribution is the first
    one after `<answer>` (M25); `stop_reason` once it is over.
    """

    def __init__(
        self, question: Item, context: Context, limits: Limits, record: TokenRecord, decoder: PieceDecoder
    ) -> None:
        self.question = question
        self.context = context
        self.record = record
        self.query: str | None = None
        self.stop_reason: StopReason | None = None
        self.reads_confidence = False
        self.option_probs: tuple[float, ...] = ()
        self.counterfactual_probs: tuple[float, ...] = ()
        self.query_cut: Cut | None = None
        self.answer_cut: Cut | None = None
        self.limits = limits
        self._decoder = decoder
        self._tracker = BlockTracker()
        self._turns: list[Turn] = []
        self._thoughts: list[str] = []
        self._retrievals_left = limits.turns
        self._turn_start = record.sampled
        self._here = Cut(len(record.ids))
        self._forced = False
        self._answer = Answer(None)
        self._notes: dict[str, Any] = {}
        self.watcher: Watcher | None = None

    @property
    def running(self) -> bool:
        """The policy is to sample the next token."""
        return self.stop_reason is None and self.query is None

    @property
    def unread_query_cut(self) -> Cut | None:
        """Where the first query begins, while it waits for passages and its counterfactual has not been read."""
        unread = self.query is not None and not self._turns and not self.counterfactual_probs
        unread = unread and bool(self.question.options)
        return self.query_cut if unread else None

    @property
    def may_ask(self) -> bool:
        """A query is still possible; where none is, the answer follows the next thought."""
        return self._retrievals_left > 0

    def read_confidence(self, probs: tuple[float, ...]) -> None:
        """Take the option probabilities at the first position after `<answer>`."""
        self.option_probs, self.reads_confidence = probs, False

    # What the environment does.

    def ask(self, query: str) -> None:
        """Begin with a query that the environment asks (a baseline of M29)."""
        self.record.insert(render_block(THINK, "") + render_block(QUERY, neutralise(query)))
        self._thoughts, self.query = [""], query

    def open_answer(self) -> None:
        """Begin with an empty thought and an open answer: the policy answers at once."""
        self.record.insert(render_block(THINK, ""))
        self._here = Cut(len(self.record.ids))
        self._force_answer()

    def resume(self, turns: Sequence[Turn]) -> None:
        """Go on after a retrieve block that ends the record so far (M26); `limits.turns` counts from here."""
        self._turns = list(turns)
        self._tracker.inserted(RETRIEVE)

    def receive(self, passages: Sequence[ScoredPassage]) -> None:
        """Insert what the query found, as many passages as there is room for; the episode ends when there is none."""
        room = self.limits.completion_tokens - self.limits.answer_reserve - _SHORTEST_THOUGHT - len(self.record.ids)
        kept = list(passages)
        ids = self.record.encode(render_block(RETRIEVE, render_passages(kept)), self._here.tail)
        while kept and len(ids) > room:
            kept.pop()
            ids = self.record.encode(render_block(RETRIEVE, render_passages(kept)), self._here.tail)
        if len(ids) > room or (passages and not kept):
            self._finish(StopReason.LENGTH, "no room for a passage")
            return
        self.record.insert_ids(ids)
        self._turns.append(Turn("\n".join(self._thoughts), self.query, tuple(kept)))
        if self.watcher:
            self.watcher.received(self.query or "", kept)
        self._thoughts, self.query = [], None
        self._retrievals_left = max(0, self._retrievals_left - 1)
        self._tracker.inserted(RETRIEVE)
        self._here, self._turn_start = Cut(len(self.record.ids)), self.record.sampled

    def abandon(self) -> None:
        """End: nobody waits for it any more."""
        if self.stop_reason is None:
            self._finish(StopReason.LENGTH, "abandoned")

    def lose_retriever(self, reason: str) -> None:
        """End: the retriever failed, retries included."""
        self._finish(StopReason.RETRIEVER, reason)

    # What the policy does.

    def accept(self, token: int, logprob: float, kinds: TokenKinds) -> None:
        """Take one sampled token."""
        self.record.sample(token, logprob)
        if token in kinds.stop:
            self._finish(StopReason.EOS)
        elif token in kinds.control:
            self._finish(StopReason.MALFORMED, "a control token")
        else:
            stops = {QUERY, ANSWER, THINK} if self._retrievals_left == 0 else {QUERY, ANSWER}
            piece = self._decoder.feed(token)
            for event in self._tracker.feed(piece, stop_at=frozenset(stops)):
                self._react(event)
            if self.watcher and piece:
                self.watcher.sampled(piece)
        if self.running:
            self._check_limits()

    def _react(self, event: Event) -> None:
        if event.kind == "malformed":
            self._finish(StopReason.MALFORMED, event.content)
        elif event.kind == "open":
            self._opened(event)
        elif event.block == THINK:
            self._thoughts.append(event.content)
            self._here = Cut(len(self.record.ids), event.tail)
            if self.watcher:
                self.watcher.thought(event.content)
            if self._retrievals_left == 0:
                self._force_answer()
        elif event.block == QUERY:
            self.query_cut = self.query_cut or self._here
            self._here, self.query = Cut(len(self.record.ids), event.tail), event.content
            if self.watcher:
                self.watcher.asked(event.content)
        else:
            self._answer = parse_answer(event.content, self.question.options)
            self._finish(StopReason.FORCED if self._forced else StopReason.ANSWERED)

    def _opened(self, event: Event) -> None:
        if event.block == ANSWER:
            self.answer_cut = self._here
            self.reads_confidence = bool(self.question.options) and not event.tail.strip()

    def _check_limits(self) -> None:
        """Budget spent: the answer is forced, an open thought closed before it; in any other block the episode ends."""
        inside = self._tracker.inside
        reserve = self.limits.answer_reserve
        turn_tokens = self.limits.turn_tokens + (reserve if inside == ANSWER else 0)
        total = self.limits.completion_tokens - (0 if inside == ANSWER else reserve)
        if self.record.sampled - self._turn_start < turn_tokens and len(self.record.ids) < total:
            return
        if inside == THINK:
            self._notes["think_cut"] = True
            self._thoughts.append(self._tracker.open_text.strip())
            self.record.insert(closing(THINK))
            self._here = Cut(len(self.record.ids))
            self._force_answer()
        elif self._tracker.may_answer:
            self._here = Cut(len(self.record.ids), self._tracker.open_text)
            self._force_answer()
        else:
            self._finish(StopReason.LENGTH, f"budget spent in {inside or 'between blocks'}")

    def _force_answer(self) -> None:
        self.answer_cut = self._here
        self.record.insert(opening(ANSWER), self._here.tail)
        self._tracker.forced(ANSWER)
        self._forced, self.reads_confidence = True, bool(self.question.options)
        self._turn_start = self.record.sampled

    def _finish(self, reason: StopReason, note: str = "") -> None:
        self.stop_reason = reason
        if note:
            self._notes["reason"] = note
        if self._tracker.inside == THINK:
            self._thoughts.append(self._tracker.open_text.strip())
        elif self._tracker.inside == ANSWER:
            self._answer = Answer(None, raw=self._tracker.open_text)
        self._turns.append(Turn("\n".join(self._thoughts), self.query))
        self.query = None

    def trajectory(self) -> Trajectory:
        """The finished record. `extras` holds the cuts, the counterfactual (M19) and, where it broke, why."""
        assert self.stop_reason is not None
        letter = self._answer.letter
        chosen = self.option_probs[self.question.letters.index(letter)] if letter and self.option_probs else None
        extras = dict(self._notes)
        for name, cut in (("query_cut", self.query_cut), ("answer_cut", self.answer_cut)):
            if cut is not None:
                extras[name] = [cut.tokens, cut.tail]
        if self.counterfactual_probs:
            extras["counterfactual_probs"] = list(self.counterfactual_probs)
        return Trajectory(
            question_id=self.question.question_id,
            prompt_ids=self.record.prompt_ids,
            completion_ids=tuple(self.record.ids),
            env_mask=tuple(self.record.env_mask),
            logprobs=tuple(self.record.logprobs),
            turns=tuple(self._turns),
            answer=self._answer,
            stop_reason=self.stop_reason,
            text=self.record.text(),
            confidence=chosen,
            option_probs=self.option_probs,
            extras=extras,
        )
