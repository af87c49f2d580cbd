"""A small world and a real policy, trained for seconds to keep to the protocol; shared by tests and benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from medrwr.policy import tiny
from medrwr.policy.loading import Policy
from medrwr.policy.prompts import build_messages
from medrwr.rollout.context import Context
from medrwr.rollout.logprobs import training_inputs
from medrwr.rollout.prompting import PromptSource, prompt_contexts
from medrwr.rollout.protocol import render_demonstration
from medrwr.rollout.tokens import encode_segments
from medrwr.types import Demonstration, DemonstrationStep, Passage, Question, ScoredPassage
from tests.rollout.families import TRAINERS

DRUGS = ("kemopril", "metoral", "tarvenol", "sorimab")
SIGNS = ("granular ring", "hazy nodule", "striped wedge", "smooth arc")


def passage(number: int, text: str, title: str = "") -> ScoredPassage:
    return ScoredPassage(Passage(f"p{number}", text, f"d{number}", title=title), 1.0 / (number + 1))


class DictionaryRetriever:
    """Returns the passage whose sign the query names, then another one; counts its calls."""

    def __init__(self, *, passages: int = 2, filler: int = 0) -> None:
        self.calls: list[list[str]] = []
        self.passages, self.filler = passages, filler

    def search_batch(self, queries: Sequence[str], *, k: int | None = None) -> list[tuple[ScoredPassage, ...]]:
        self.calls.append(list(queries))
        return [self.find(query)[: k or self.passages] for query in queries]

    def find(self, query: str) -> tuple[ScoredPassage, ...]:
        order = sorted(range(4), key=lambda i: (SIGNS[i] not in query, i))
        more = " It is seen in a patient." * (self.filler // 6)
        return tuple(passage(i, f"A {SIGNS[i]} is treated first with {DRUGS[i]}.{more}", title=SIGNS[i]) for i in order)


def question(number: int, *, image: bool = False) -> Question:
    return Question(
        f"q{number}{'i' if image else 't'}",
        f"A patient has a {'sign' if image else SIGNS[number % 4]}. What is the treatment?",
        DRUGS,
        number % 4,
        images=(f"{number % 4}.png",) if image else (),
    )


def demonstration(asked: Question) -> Demonstration:
    sign = SIGNS[DRUGS.index(asked.gold_text)]
    step = DemonstrationStep(f"I see a {sign}.", f"{sign}, treatment")
    return Demonstration(asked, (step,), f"The passage names {asked.gold_text}.")


def draw_images(root: Path, *, side: int = 112) -> Path:
    """The four images that the questions name, of `side` pixels."""
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 255, (side, side), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"{number}.png")
    return root


@dataclass(frozen=True)
class Size:
    """Of the policy that is built; `filler` words and `passages` lengthen what is retrieved.

    With `imagines` it learns to write the retrieve block too, and to end its turn, as a policy that nobody stops does.
    """

    width: int = 64
    layers: int = 2
    steps: int = 45
    passages: int = 2
    filler: int = 0
    imagines: bool = False


Row = tuple[Context, tuple[int, ...], tuple[int, ...]]  # a prompt, its completion, and which of it to learn


def training_rows(policy: Policy, image_root: Path, size: Size) -> list[Row]:
    retriever = DictionaryRetriever(filler=size.filler)
    demos = [demonstration(question(n, image=image)) for n in range(4) for image in (False, True)]
    contexts = prompt_contexts(policy, [PromptSource(d.question, image_root, 3) for d in demos])
    rows = []
    for demo, context in zip(demos, contexts, strict=True):
        found = [retriever.find(step.query)[: size.passages] for step in demo.steps]
        tokenised = encode_segments(policy.tokenizer, render_demonstration(demo, found))
        if size.imagines:
            ids = (*tokenised.ids, policy.tokenizer.eos_token_id)
            rows.append((context, ids, (1,) * len(ids)))
        else:
            rows.append((context, tokenised.ids, tokenised.env_mask))
    return rows


def build_policy(image_root: Path, size: Size = Size(), *, family: str = "bpe", device: str = "cpu") -> Policy:
    """Overfitted on eight demonstrations: at temperature 1 most episodes are well-formed, and few are alike.

    `family` is that of its tokenizer (`tests.rollout.families`); 'wordy bpe' has no tokens for the tags.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny, "train_tokenizer", TRAINERS[family])
        if family == "wordy bpe":
            patch.setattr(tiny, "PROTOCOL_TAGS", ())
        return _build_policy(image_root, size, device)


def corpus() -> list[str]:
    """Text with every word that a question, an episode or a passage has."""
    asked = question(0)
    prompt = " ".join(block["text"] for m in build_messages(asked, max_turns=3) for block in m["content"])
    told = " ".join(segment.text for segment in render_demonstration(demonstration(asked), [[]])).replace("<", " ")
    return [
        f"{prompt} {told} {' '.join(DRUGS + SIGNS)} is treated first with. It is seen in a patient.",
        "[1] sign: 0123456789",
        "of A B C D",
    ] * 20


def _build_policy(image_root: Path, size: Size, device: str) -> Policy:
    torch.manual_seed(0)
    built = tiny.build_tiny_policy(
        corpus(), seed=0, vocab_size=640, width=size.width, layers=size.layers, heads=size.width // 32
    )
    built.model.to(device)
    policy = replace(built, device=device)
    loss = overfit(policy, training_rows(policy, image_root, size), steps=size.steps)
    assert loss < 0.4, f"the test's policy did not learn the protocol: loss {loss:.2f}"
    return policy


def overfit(policy: Policy, rows: Sequence[Row], *, steps: int) -> float:
    """Teach the policy these rows and no others; returns the last loss."""
    ids = [[*context.ids, *completion] for context, completion, _ in rows]
    inputs = training_inputs(policy, ids, [image for context, _, _ in rows for image in context.images])
    width = inputs["input_ids"].shape[1]
    mask = torch.tensor([[0] * (width - len(m)) + list(m) for _, _, m in rows], dtype=torch.float32)[:, 1:]
    mask = mask.to(inputs["input_ids"].device)
    optimizer = torch.optim.AdamW(policy.model.parameters(), lr=4e-3)
    policy.model.train()
    for _ in range(steps):
        logits = policy.model(**inputs, use_cache=False).logits[:, :-1]
        losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), inputs["input_ids"][:, 1:], reduction="none")
        loss = (losses * mask).sum() / mask.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    policy.model.eval()
    return float(loss)
