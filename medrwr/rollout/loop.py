"""The inner loop: sample until every episode waits or is over, ask the retriever once for all, insert, go on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from medrwr.config import RolloutSettings
from medrwr.policy.loading import Policy
from medrwr.rollout.backend import Batch, generating
from medrwr.rollout.episode import Episode, TokenKinds
from medrwr.rollout.lookup import PassageSearch, ask_for_all
from medrwr.rollout.protocol import ANSWER, opening
from medrwr.rollout.record import without_overlap
from medrwr.rollout.sampling import draw
from medrwr.rollout.scoring import LetterTable, Vocabulary
from medrwr.rollout.tokens import encode_text

REFILL_SHARE = 0.5  # of the slots free before waiting episodes enter: a prefill for a few rows costs more than it gains


@dataclass(frozen=True, slots=True)
class Seat:
    """An episode at the table, with its own random numbers (one for each token that it may sample)."""

    episode: Episode
    uniforms: Sequence[float]


class EpisodeLoop:
    """Plays batches of episodes with one policy and one retriever."""

    def __init__(
        self, policy: Policy, retriever: PassageSearch | None, settings: RolloutSettings, vocabulary: Vocabulary
    ) -> None:
        self._policy = policy
        self._retriever = retriever
        self._settings = settings
        self._vocabulary = vocabulary
        self._letters = LetterTable(policy.tokenizer)
        self._kinds = token_kinds(policy)
        self._over: list[Episode] = []
        self._suppressed = torch.tensor(vision_ids(policy), device=policy.model.device)

    def play(self, seats: Iterable[Seat], *, temperature: float, slots: int) -> Iterator[list[Episode]]:
        """Play all episodes to their end, at most `slots` at a time; yields the finished ones as they leave.

        When the retriever has been asked and enough have left, the waiting ones take their places.
        """
        waiting = iter(seats)
        self._over = []
        with generating(self._policy.model):
            live: list[Seat] = list(itertools.islice(waiting, slots))
            if not live:
                return
            batch = Batch(self._policy, [seat.episode.context for seat in live])
            while live:
                live = self._sample(batch, live, temperature)
                self._read_counterfactuals(batch, live)
                ask_for_all([seat.episode for seat in live], self._retriever, self._settings)
                staying = self._leave(batch, live)
                yield from self._handed_over()
                free = slots - len(staying)
                entering = list(itertools.islice(waiting, free if free >= REFILL_SHARE * slots else 0))
                if entering:
                    batch = self._seated(batch if staying else None, entering)
                live = staying + entering

    def _seated(self, batch: Batch | None, entering: Sequence[Seat]) -> Batch:
        contexts = [seat.episode.context for seat in entering]
        if batch is None:
            return Batch(self._policy, contexts)
        batch.join(contexts)
        return batch

    def _handed_over(self) -> Iterator[list[Episode]]:
        if self._over:
            over, self._over = self._over, []
            yield over

    def _sample(self, batch: Batch, live: Sequence[Seat], temperature: float) -> list[Seat]:
        """Sample until no episode runs; returns those that still sit in the batch."""
        seats = list(live)
        while any(seat.episode.running for seat in seats):
            tokens = [seat.episode.record.take_pending() if seat.episode.running else [] for seat in seats]
            if any(tokens):
                batch.advance(tokens)
            rows = [row for row, seat in enumerate(seats) if seat.episode.running]
            self._draw(batch.logits, [(row, seats[row]) for row in rows], temperature)
            over = sum(seat.episode.stop_reason is not None for seat in seats)
            if 2 * over > len(seats):
                seats = self._leave(batch, seats)
        return self._leave(batch, seats)

    def _draw(self, logits: Tensor, running: Sequence[tuple[int, Seat]], temperature: float) -> None:
        for row, seat in running:
            if seat.episode.reads_confidence:
                seat.episode.read_confidence(self._option_probs(logits[row], seat.episode))
        uniforms = torch.tensor(
            [seat.uniforms[seat.episode.record.sampled] for _, seat in running], dtype=torch.float64
        )
        chosen = logits[[row for row, _ in running]]
        tokens, logprobs = draw(chosen, uniforms, temperature=temperature, suppressed=self._suppressed)
        for (_, seat), token, logprob in zip(running, tokens.tolist(), logprobs.tolist(), strict=True):
            seat.episode.accept(token, logprob, self._kinds)

    def _option_probs(self, logits: Tensor, episode: Episode) -> tuple[float, ...]:
        return self._letters.option_probs(logits, len(episode.question.options), vocabulary=self._vocabulary)

    def _read_counterfactuals(self, batch: Batch, live: Sequence[Seat]) -> None:
        """M19: what each option's probability would be had the episode answered instead of asking its first query."""
        first = [(row, s.episode, cut) for row, s in enumerate(live) if (cut := s.episode.unread_query_cut) is not None]
        if not first:
            return
        tokens: list[list[int]] = [[] for _ in live]
        hidden = [0] * len(live)
        for row, episode, cut in first:
            tokens[row] = encode_text(self._policy.tokenizer, without_overlap(opening(ANSWER), cut.tail))
            hidden[row] = len(episode.record.ids) - len(episode.record.pending) - cut.tokens
        logits = batch.peek(tokens, hidden)
        for row, episode, _ in first:
            episode.counterfactual_probs = self._option_probs(logits[row], episode)

    def _leave(self, batch: Batch, seats: Sequence[Seat]) -> list[Seat]:
        """Finished episodes leave the batch, and their rows the cache."""
        self._over += [seat.episode for seat in seats if seat.episode.stop_reason is not None]
        rows = [row for row, seat in enumerate(seats) if seat.episode.stop_reason is None]
        if 0 < len(rows) < len(seats):
            batch.select(rows)
        return [seats[row] for row in rows]


def token_kinds(policy: Policy) -> TokenKinds:
    """The ids that end a turn, and the other special ones, which no completion may hold."""
    configured = policy.model.generation_config.eos_token_id
    stop = {configured} if isinstance(configured, int) else set(configured or ())
    return special_kinds(policy.tokenizer, stop)


def special_kinds(tokenizer: Any, stop: Iterable[int] = ()) -> TokenKinds:
    """The tokenizer's special ids: those of `stop` and its own end of turn end the policy's turn, others are none."""
    ends = {*stop, tokenizer.eos_token_id} - {None}
    added = tokenizer.added_tokens_decoder
    special = {token for token, content in added.items() if content.special} | set(tokenizer.all_special_ids)
    return TokenKinds(frozenset(ends), frozenset(special) - ends)


def vision_ids(policy: Policy) -> list[int]:
    """Placeholders that a forward pass would take for images."""
    config = policy.model.config
    return sorted({int(config.image_token_id), int(config.video_token_id)})
