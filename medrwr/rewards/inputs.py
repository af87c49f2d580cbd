"""What reward functions are given: one episode, and what the models beside the policy made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from medrwr.config import RewardSettings
from medrwr.types import Question, StopReason, Trajectory

if TYPE_CHECKING:
    from PIL.Image import Image


class EntityRecogniser(Protocol):
    """Finds clinical entities (M17); `medrwr.entities` has one."""

    def recognise(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """Concept ids of each text, synonyms mapped to one id."""


class ImageTextEncoder(Protocol):
    """Puts images and texts in one space (M18); `medrwr.retrieval` has one."""

    def encode_images(self, images: Sequence[Image]) -> Any:
        """float32 [N, dim], L2-normalised."""

    def encode_texts(self, texts: Sequence[str]) -> Any:
        """float32 [N, dim], L2-normalised."""


@dataclass(frozen=True, slots=True)
class EntitySets:
    """Concept ids of one episode: of all its queries, of all it retrieved, of the ground truth, and of each option."""

    query: frozenset[str] = frozenset()
    retrieved: frozenset[str] = frozenset()
    truth: frozenset[str] = frozenset()
    options: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class RewardInputs:
    """One episode.

    Attributes:
        similarities: for each query, its cosine with each image of the question (M18).
        informed: the highest no-retrieval probability of the gold option in the episode's group (M19); 0: not known.
    """

    question: Question
    trajectory: Trajectory
    settings: RewardSettings = field(default_factory=RewardSettings)
    entities: EntitySets = field(default_factory=EntitySets)
    similarities: tuple[tuple[float, ...], ...] = ()
    informed: float = 0.0

    @property
    def right(self) -> bool:
        """The chosen option is the gold one."""
        return self.trajectory.answer.letter == self.question.gold_letter

    @property
    def malformed(self) -> bool:
        """The policy broke the grammar: nothing that such an episode did is paid for."""
        return self.trajectory.stop_reason is StopReason.MALFORMED


RewardFunction = Callable[[RewardInputs], float]
