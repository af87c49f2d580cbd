"""Episodes whose tokens come from a server: the same grammar, records and limits as in process (M2-M5).

One request a turn and episode; the server batches them. Unverified against vLLM itself, for want of an accelerator:
the tests serve its documented schema from a model of our own. Questions with images are refused: the completions API
takes ids without pixels, and a chat API would tokenise again.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from medrwr.config import RolloutSettings
from medrwr.errors import ConfigError
from medrwr.policy.loading import Policy
from medrwr.rollout.completions import CompletionsClient, Sampled
from medrwr.rollout.context import Context
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.rollout.episode import Episode, TokenKinds
from medrwr.rollout.lookup import PassageSearch, ask_for_all
from medrwr.rollout.loop import Seat, special_kinds
from medrwr.rollout.prompting import text_context
from medrwr.rollout.protocol import ANSWER, QUERY, THINK, closing, opening
from medrwr.rollout.record import without_overlap
from medrwr.rollout.scoring import LetterTable, Vocabulary
from medrwr.rollout.tokens import encode_text


class RemoteLoop:
    """Plays episodes against a completions server; the part that `EpisodeLoop` has in process."""

    def __init__(
        self,
        client: CompletionsClient,
        policy: Policy,
        retriever: PassageSearch | None,
        settings: RolloutSettings,
        vocabulary: Vocabulary,
    ) -> None:
        self._client = client
        self._tokenizer = policy.tokenizer
        self._retriever = retriever
        self._settings = settings
        self._vocabulary = vocabulary
        self._letters = LetterTable(policy.tokenizer)
        self._kinds: TokenKinds = special_kinds(policy.tokenizer)

    def play(self, seats: Iterable[Seat], *, temperature: float, slots: int) -> Iterator[list[Episode]]:
        """Play all episodes to their end, at most `slots` at a time; yields the finished ones as they leave."""
        waiting = iter(seats)
        live = list(itertools.islice(waiting, slots))
        with ThreadPoolExecutor(max_workers=slots) as pool:
            while live:
                list(pool.map(lambda seat: self._turn(seat, temperature), live))
                ask_for_all([seat.episode for seat in live], self._retriever, self._settings)
                over = [seat.episode for seat in live if seat.episode.stop_reason is not None]
                live = [seat for seat in live if seat.episode.stop_reason is None]
                if over:
                    yield over
                live += itertools.islice(waiting, slots - len(live))

    def _turn(self, seat: Seat, temperature: float) -> None:
        """Sample until the episode waits for the retriever or is over."""
        episode = seat.episode
        while episode.running:
            sampled = self._sample(episode, seat, temperature, episode.limits.turn_tokens)
            self._take(episode, sampled)
        if (cut := episode.unread_query_cut) is not None:
            shown = (*episode.record.prompt_ids, *episode.record.ids[: cut.tokens])
            tag = encode_text(self._tokenizer, without_overlap(opening(ANSWER), cut.tail))
            peeked = self._client.sample([*shown, *tag], max_tokens=1, temperature=0.0, stop=(), seed=0)
            episode.counterfactual_probs = self._option_probs(peeked.top[0], episode)

    def _sample(self, episode: Episode, seat: Seat, temperature: float, tokens: int) -> Sampled:
        stop = [closing(QUERY if episode.may_ask else THINK), closing(ANSWER)]
        return self._client.sample(
            [*episode.record.prompt_ids, *episode.record.ids],
            max_tokens=tokens,
            temperature=temperature,
            stop=stop,
            seed=int(seat.uniforms[episode.record.sampled] * 2**31),
        )

    def _take(self, episode: Episode, sampled: Sampled) -> None:
        """Feed what was sampled; what lies beyond a point where the environment acts is left out."""
        episode.record.take_pending()
        for token, logprob, top in zip(sampled.ids, sampled.logprobs, sampled.top, strict=True):
            if episode.reads_confidence:
                episode.read_confidence(self._option_probs(top, episode))
            inserted = len(episode.record.ids) - episode.record.sampled
            episode.accept(token, logprob, self._kinds)
            if not episode.running or len(episode.record.ids) - episode.record.sampled > inserted:
                return
        if not sampled.ids:  # the server ended the turn without a token
            episode.accept(next(iter(self._kinds.stop)), 0.0, self._kinds)

    def _option_probs(self, top: Mapping[int, float], episode: Episode) -> tuple[float, ...]:
        """From the likeliest tokens: a letter that is not among them counts as impossible."""
        count = len(episode.question.options)
        letters = [
            math.fsum(math.exp(top[token]) for token in self._letters.spellings(n) if token in top)
            for n in range(count)
        ]
        whole = math.fsum(letters)
        if self._vocabulary == "full" or whole == 0:
            return tuple(letters)
        return tuple(letter / whole for letter in letters)


class RemoteEngine(RolloutEngine):
    """`RolloutEngine` whose policy is behind a server; `policy` lends its tokenizer and template, not its model.

    Raises:
        ConfigError: a question has images.
    """

    def __init__(
        self,
        client: CompletionsClient,
        policy: Policy,
        retriever: PassageSearch | None,
        settings: RolloutSettings,
        *,
        confidence_vocabulary: Vocabulary = "options",
    ) -> None:
        loop = RemoteLoop(client, policy, retriever, settings, confidence_vocabulary)
        super().__init__(policy, retriever, settings, confidence_vocabulary=confidence_vocabulary, loop=loop)

    def prompts(self, requests: Sequence[RolloutRequest]) -> list[Context]:
        """The requests' prompts as ids."""
        for request in requests:
            if request.question.images:
                raise ConfigError(
                    f"question {request.question.question_id!r} has images, which a completions server does not take: "
                    "generate in process"
                )
        return [text_context(self.policy, r.question, self._turns(r), r.prompt_ids) for r in requests]

    def _score_merged(self, episodes: Sequence[Episode]) -> None:
        """Nothing: a letter in the same token as the tag has no probabilities of its own on a server."""
