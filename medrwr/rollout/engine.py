"""The rollout engine: episodes batched across prompts and groups, with retrieval for the whole batch at once (M3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from medrwr.config import RolloutSettings
from medrwr.datasets.benchmarks.record import Item
from medrwr.errors import QuestionError
from medrwr.policy.loading import Policy
from medrwr.rollout.context import Context
from medrwr.rollout.episode import Episode, Limits
from medrwr.rollout.lookup import PassageSearch
from medrwr.rollout.loop import EpisodeLoop, Seat
from medrwr.rollout.prompting import PromptSource, prompt_contexts
from medrwr.rollout.protocol import ANSWER, THINK, closing, render_block
from medrwr.rollout.record import TokenRecord
from medrwr.rollout.sampling import episode_uniforms
from medrwr.rollout.scoring import Vocabulary, answer_context, option_probs
from medrwr.rollout.tokens import PieceDecoder, check_tags, encode_text
from medrwr.types import Question, Trajectory

_SLACK = 4  # tokens kept free for an answer beyond what tags, letter and the longest option need


@dataclass(frozen=True, slots=True)
class RolloutRequest:
    """One episode to play.

    Attributes:
        image_root: the folder that the question's image paths are relative to.
        prompt_ids: the prompt as a trainer has tokenised it, images widened; None: rendered and tokenised here.
        max_turns: retrievals allowed, 0 for none; None: the setting's.
        forced_query: the environment asks this first, on the policy's behalf (a baseline of M29); it counts as a turn.
        answer_at_once: the environment opens the answer right away: no thought, no query.
        seed: requests of one run that are equal in question and seed still draw different numbers.
        others: how many equal requests are played elsewhere before this run's (by another process of a trainer).
    """

    question: Item
    image_root: Path
    prompt_ids: tuple[int, ...] | None = None
    max_turns: int | None = None
    forced_query: str | None = None
    answer_at_once: bool = False
    seed: int = 0
    others: int = 0

    @property
    def closed(self) -> Question:
        """The question, where it must have options.

        Raises:
            QuestionError: it is an open one.
        """
        if isinstance(self.question, Question):
            return self.question
        raise QuestionError(f"question {self.question.question_id!r} is open, expected options: ask a closed one")


class Loop(Protocol):
    """Plays seated episodes to their end."""

    def play(self, seats: Iterable[Seat], *, temperature: float, slots: int) -> Iterator[list[Episode]]:
        """At most `slots` at a time; yields the finished ones as they leave."""


class RolloutEngine:
    """Plays episodes with a policy and a retriever.

    Args:
        retriever: None where no request ever queries.
        confidence_vocabulary: 'full' is the paper's profile (M25).
        loop: where tokens come from; None: the policy's model, in this process.

    Raises:
        CheckpointError: the policy's tokenizer takes the protocol's tags apart.
    """

    def __init__(
        self,
        policy: Policy,
        retriever: PassageSearch | None,
        settings: RolloutSettings,
        *,
        confidence_vocabulary: Vocabulary = "options",
        loop: Loop | None = None,
    ) -> None:
        check_tags(policy.tokenizer)
        self.policy = policy
        self.settings = settings
        self._vocabulary = confidence_vocabulary
        self._loop = loop or EpisodeLoop(policy, retriever, settings, confidence_vocabulary)
        self._pieces: dict[int, str] = {}
        self._reserves: dict[tuple[str, ...], int] = {}

    def run(self, requests: Sequence[RolloutRequest], *, temperature: float | None = None) -> list[Trajectory]:
        """Play all requests; trajectories come back in their order.

        Args:
            temperature: 0 is greedy; None takes the setting's.

        Raises:
            ImageError: a question's image cannot be decoded.
            QuestionError: a prompt's image placeholders do not fit its images.
        """
        places: dict[int, int] = {}
        trajectories: dict[int, Trajectory] = {}
        for over in self._loop.play(
            self._seats(requests, places), temperature=self._at(temperature), slots=self.settings.batch_size
        ):
            for played, trajectory in self._finished(over).items():
                trajectories[places.pop(played)] = trajectory
        return [trajectories[place] for place in range(len(requests))]

    def play(self, seats: Sequence[Seat], *, temperature: float | None = None) -> list[Trajectory]:
        """Play prepared episodes to their end, in one batch."""
        for _ in self._loop.play(seats, temperature=self._at(temperature), slots=max(len(seats), 1)):
            pass
        played = self._finished([seat.episode for seat in seats])
        return [played[id(seat.episode)] for seat in seats]

    def stream(self, arriving: Iterable[Seat]) -> Iterator[tuple[Episode, Trajectory]]:
        """Play greedily what arrives; each episode is yielded with its trajectory when it is over.

        Ends when nothing is being played and nothing is waiting. An iterator that is empty now and has more later is
        asked again whenever places are free, so that requests join those that are being played.
        """
        for over in self._loop.play(arriving, temperature=0.0, slots=self.settings.batch_size):
            finished = self._finished(over)
            yield from ((episode, finished[id(episode)]) for episode in over)

    def seats(self, requests: Sequence[RolloutRequest]) -> list[Seat]:
        """The requests' episodes before their first token, prepared together.

        Raises:
            ImageError: a question's image cannot be decoded.
            QuestionError: a prompt's image placeholders do not fit its images.
        """
        pairs = zip(requests, self._episodes(requests), strict=True)
        return [self.seat(episode, request.seed) for request, episode in pairs]

    def seat(self, episode: Episode, seed: int, occurrence: int = 1) -> Seat:
        """An episode with its random numbers."""
        numbers = episode_uniforms(episode.question.question_id, seed, occurrence, episode.limits.completion_tokens)
        return Seat(episode, numbers.tolist())

    def prompts(self, requests: Sequence[RolloutRequest]) -> list[Context]:
        """The requests' prompts as the model is given them."""
        return prompt_contexts(
            self.policy, [PromptSource(r.question, r.image_root, self._turns(r), r.prompt_ids) for r in requests]
        )

    def episode(self, request: RolloutRequest, context: Context, record: TokenRecord, limits: Limits) -> Episode:
        """An episode of this engine's tokenizer, before its first token."""
        return Episode(request.question, context, limits, record, PieceDecoder(self.policy.tokenizer, self._pieces))

    def limits(self, request: RolloutRequest) -> Limits:
        """What an episode of this request may use."""
        return Limits(
            turns=self._turns(request),
            turn_tokens=self.settings.max_turn_tokens,
            completion_tokens=self.settings.max_completion_tokens,
            answer_reserve=self._answer_reserve(request.question.options),
        )

    def _at(self, temperature: float | None) -> float:
        return self.settings.temperature if temperature is None else temperature

    def _seats(self, requests: Sequence[RolloutRequest], places: dict[int, int]) -> Iterator[Seat]:
        """The requests' episodes; their places go to `places`, by `id`. Prompts are prepared a batch at a time."""
        occurrences: Counter[tuple[str, int]] = Counter()
        for start in range(0, len(requests), self.settings.batch_size):
            chunk = requests[start : start + self.settings.batch_size]
            for place, (request, episode) in enumerate(zip(chunk, self._episodes(chunk), strict=True), start=start):
                key = (request.question.question_id, request.seed)
                occurrences[key] += 1
                places[id(episode)] = place
                yield self.seat(episode, request.seed, request.others + occurrences[key])

    def _finished(self, episodes: Sequence[Episode]) -> dict[int, Trajectory]:
        """Trajectories by `id(episode)`."""
        self._score_merged(episodes)
        return {id(episode): episode.trajectory() for episode in episodes}

    def _answer_reserve(self, options: tuple[str, ...]) -> int:
        """Tokens that closing a thought and giving the longest answer take; an answer in words may take a turn's."""
        if not options:
            return self.settings.max_turn_tokens
        if options not in self._reserves:
            closed = closing(THINK) + render_block(ANSWER, "A. ")
            lengths = [len(encode_text(self.policy.tokenizer, closed + option)) for option in options]
            self._reserves[options] = max(lengths) + _SLACK
        return self._reserves[options]

    def _turns(self, request: RolloutRequest) -> int:
        return self.settings.max_turns if request.max_turns is None else request.max_turns

    def _episodes(self, requests: Sequence[RolloutRequest]) -> list[Episode]:
        episodes = []
        for request, context in zip(requests, self.prompts(requests), strict=True):
            record = TokenRecord(self.policy.tokenizer, context.ids)
            episode = self.episode(request, context, record, self.limits(request))
            if request.forced_query is not None:
                episode.ask(request.forced_query)
            elif request.answer_at_once:
                episode.open_answer()
            episodes.append(episode)
        return episodes

    def _score_merged(self, episodes: Sequence[Episode]) -> None:
        """Confidence where the last token of `<answer>` already held the letter: read behind a tag of its own."""
        contexts, counts, merged = [], [], []
        for episode in episodes:
            if episode.answer_cut is not None and not episode.option_probs and episode.question.options:
                prompt = Context(episode.record.prompt_ids, episode.context.images)
                contexts.append(answer_context(self.policy.tokenizer, prompt, episode.record.ids, episode.answer_cut))
                counts.append(len(episode.question.options))
                merged.append(episode)
        probs = option_probs(self.policy, contexts, counts, vocabulary=self._vocabulary)
        for episode, row in zip(merged, probs, strict=True):
            episode.option_probs = row
