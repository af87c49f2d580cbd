"""Policies answer each question several times, through the rollout engine (M13); what is answered is kept on disk."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medrwr.digests import file_digest
from medrwr.records import read_records, to_line
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.rollout.record import Cut
from medrwr.rollout.scoring import answer_context, option_probs
from medrwr.types import Question

Mode = Literal["letters", "direct", "reasoning"]
ROLLOUTS = 10
_AT_A_TIME = 32  # questions: what a kill loses
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a policy was right on a question; `key` names policy, question and settings by content."""

    question_id: str
    key: str
    right: int
    played: int


@dataclass(frozen=True, slots=True)
class Answering:
    """How questions are answered.

    Attributes:
        policy: what identifies the policy: a checkpoint's digest, with an index's where it is asked.
        mode: 'reasoning' plays whole episodes, with retrieval; 'direct' opens the answer right behind the prompt;
            'letters' draws from the options' probabilities there, of one pass: what 'direct' gives for a policy that
            answers with a letter, at a tenth of the work, and an answer also of one that knows no protocol.
        rollouts: answers to each question, n of M13.
        seed: together with the question's id it draws the same answers again.
    """

    policy: str
    mode: Mode = "direct"
    rollouts: int = ROLLOUTS
    seed: int = 7

    def key(self, question: Question, image_root: Path) -> str:
        """Content address of this question's answers."""
        images = [file_digest(image_root / name) for name in question.images]
        parts = [self.policy, self.mode, self.rollouts, self.seed, to_line(question), images]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def requests(self, question: Question, image_root: Path) -> list[RolloutRequest]:
        """Equal requests: the engine draws other numbers for each."""
        direct = self.mode == "direct"
        turns = 0 if direct else None
        one = RolloutRequest(question, image_root, max_turns=turns, answer_at_once=direct, seed=self.seed)
        return [one] * self.rollouts


def answer_often(
    engine: Callable[[], RolloutEngine],
    questions: Sequence[Question],
    answering: Answering,
    *,
    image_root: Path,
    kept: Path,
    progress: Progress | None = None,
) -> list[Tally]:
    """A tally of each question, in order; those that `kept` (JSON lines) has are not played again.

    Args:
        engine: opens the policy's engine; not called when every answer is there.

    Raises:
        ImageError: a question's image cannot be decoded.
    """
    keys = [answering.key(question, image_root) for question in questions]
    known = _known(kept)
    waiting = [(question, key) for question, key in zip(questions, keys, strict=True) if key not in known]
    player = engine() if waiting else None
    for start in range(0, len(waiting), _AT_A_TIME):
        assert player is not None
        chunk = waiting[start : start + _AT_A_TIME]
        made = list((_draw if answering.mode == "letters" else _play)(player, chunk, answering, image_root))
        _append(kept, made)
        known |= {tally.key: tally for tally in made}
        if progress is not None:
            progress(len(questions) - len(waiting) + start + len(chunk), len(questions), kept.stem)
    return [known[key] for key in keys]


def _play(
    engine: RolloutEngine, chunk: Sequence[tuple[Question, str]], answering: Answering, image_root: Path
) -> Iterator[Tally]:
    requests = [request for question, _ in chunk for request in answering.requests(question, image_root)]
    letters = [trajectory.answer.letter for trajectory in engine.run(requests)]
    for place, (question, key) in enumerate(chunk):
        own = letters[place * answering.rollouts : (place + 1) * answering.rollouts]
        yield Tally(question.question_id, key, own.count(question.gold_letter), answering.rollouts)


def _draw(
    engine: RolloutEngine, chunk: Sequence[tuple[Question, str]], answering: Answering, image_root: Path
) -> Iterator[Tally]:
    requests = [RolloutRequest(question, image_root, max_turns=0) for question, _ in chunk]
    tokenizer = engine.policy.tokenizer
    contexts = [answer_context(tokenizer, prompt, (), Cut(0)) for prompt in engine.prompts(requests)]
    probs = option_probs(engine.policy, contexts, [len(question.options) for question, _ in chunk])
    for row, (question, key) in zip(probs, chunk, strict=True):
        draw = random.Random(f"letters:{answering.seed}:{question.question_id}")
        letters = draw.choices(range(len(row)), weights=row, k=answering.rollouts)
        yield Tally(question.question_id, key, letters.count(question.answer), answering.rollouts)


def _known(file: Path) -> dict[str, Tally]:
    """What was answered; a line that a kill tore is answered again."""
    if not file.is_file():
        return {}
    return {tally.key: tally for tally in read_records(file, Tally)[0]}


def _append(file: Path, made: Sequence[Tally]) -> None:
    """On the disk when this returns; begins a line of its own behind a torn one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as stream:
        stream.seek(max(0, stream.tell() - 1))
        torn = stream.read(1) not in (b"", b"\n")
        stream.write(("\n" * torn + "".join(to_line(tally) + "\n" for tally in made)).encode())
        stream.flush()
        os.fsync(stream.fileno())
