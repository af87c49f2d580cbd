"""A world of eight signs, each with its treatment: enough to run real trainers on an untrained tiny policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.policy.loading import Policy
from medrwr.policy.tiny import build_tiny_policy
from medrwr.types import Demonstration, DemonstrationStep, Passage, Question, ScoredPassage

SIGNS = ("granular", "smooth", "striped", "dotted", "wavy", "ringed", "cloudy", "sharp")
DRUGS = ("kemopril", "tarvexan", "dolmidone", "perazol", "sintavir", "bromalin", "vexoril", "madotine")


class WordRetriever:
    """Passages by the number of words that they share with the query; ties by their place."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = [(set(p.text.lower().replace(".", "").split()), p) for p in passages]

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        return [self._search(set(query.lower().split()), k or 2) for query in queries]

    def _search(self, words: set[str], k: int) -> tuple[ScoredPassage, ...]:
        scored = [ScoredPassage(p, float(len(words & own))) for own, p in self._passages]
        return tuple(sorted(scored, key=lambda s: -s.score)[:k])


@dataclass(frozen=True, slots=True)
class World:
    root: Path
    text: tuple[Question, ...]
    image: tuple[Question, ...]
    passages: tuple[Passage, ...]

    @property
    def retriever(self) -> WordRetriever:
        return WordRetriever(self.passages)

    @property
    def corpus(self) -> list[str]:
        from medrwr.policy.prompts import build_messages

        prompts = [
            block["text"] for q in self.text for m in build_messages(q, max_turns=1) for block in m["content"][-1:]
        ]
        return [p.text for p in self.passages] + prompts

    def demonstrations(self) -> list[Demonstration]:
        """One a question, text and image in turn."""
        both = [q for pair in zip(self.text, self.image, strict=True) for q in pair]
        return [
            Demonstration(
                question=q,
                steps=(DemonstrationStep("a sign is shown", f"{q.fact_id} sign treatment"),),
                final_think=f"the passage names {q.gold_text}",
            )
            for q in both
        ]


def make_question(index: int, image: str | None) -> Question:
    options = tuple(DRUGS[(index + shift) % 8] for shift in range(4))
    answer = index % 4
    options = (*options[4 - answer :], *options[: 4 - answer])
    sign = "shown in the image" if image else f"called {SIGNS[index]}"
    return Question(
        question_id=f"{'image' if image else 'text'}-{index}",
        text=f"Which drug treats the sign {sign}?",
        options=options,
        answer=options.index(DRUGS[index]),
        images=(image,) if image else (),
        fact_id=SIGNS[index],
        explanation=f"The {SIGNS[index]} sign is treated with {DRUGS[index]}.",
    )


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


def make_world(root: Path) -> World:
    """Images below `root`, and what can be asked about them."""
    draw = np.random.default_rng(0)
    for index in range(8):
        pixels = draw.integers(0, 256, (56, 56), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{index}.png")
    passages = tuple(
        Passage(f"p{i}", f"The {sign} sign is treated with {drug}.", f"d{i}", title=f"{sign} sign")
        for i, (sign, drug) in enumerate(zip(SIGNS, DRUGS, strict=True))
    )
    return World(
        root=root,
        text=tuple(make_question(i, None) for i in range(8)),
        image=tuple(make_question(i, f"{i}.png") for i in range(8)),
        passages=passages,
    )


@pytest.fixture
def new_policy(world: World) -> Callable[..., Policy]:
    """Builds untrained tiny policies; the same seed gives the same weights."""

    return lambda seed=0: make_policy(world, seed)


def make_policy(world: World, seed: int = 0) -> Policy:
    """Untrained; the same seed gives the same weights."""
    return build_tiny_policy(world.corpus, seed=seed, vocab_size=512, width=64, layers=2, heads=2)
