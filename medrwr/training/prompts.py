"""Questions as the rows that GRPOTrainer reads: chat messages that carry the question's id, and opened images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medrwr.errors import ArtefactError
from medrwr.policy.prompts import build_messages
from medrwr.rollout.context import open_image
from medrwr.types import Question

QUESTION_ID = "question_id"


def prompt_rows(questions: Sequence[Question], *, image_root: Path, max_turns: int) -> Any:
    """A `datasets.Dataset` in the order of `questions`; messages and images are made when a row is read.

    The user's message has the key `question_id` beside role and content, which the chat template ignores and the
    rollout reads: the trainer hands a rollout nothing but messages.

    Raises:
        ArtefactError: questions with and without images are mixed, which the trainer's batches cannot hold.
    """
    from datasets import Dataset

    with_images = sum(bool(question.images) for question in questions)
    if with_images not in (0, len(questions)):
        raise ArtefactError(
            f"{with_images} of {len(questions)} questions have images, expected all or none in one GRPO stage: "
            "train the two kinds in stages of their own"
        )

    def read(batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        chosen = [questions[index] for index in batch["index"]]
        row: dict[str, list[Any]] = {"prompt": [_messages(question, max_turns) for question in chosen]}
        if with_images:
            row["images"] = [[open_image(image_root / image) for image in question.images] for question in chosen]
        return row

    return Dataset.from_dict({"index": list(range(len(questions)))}).with_transform(read)


def question_id_of(messages: Sequence[dict[str, Any]]) -> str:
    """The id that `prompt_rows` wrote on the user's message."""
    return next(str(message[QUESTION_ID]) for message in messages if QUESTION_ID in message)


def _messages(question: Question, max_turns: int) -> list[dict[str, Any]]:
    messages = build_messages(question, max_turns=max_turns)
    return [*messages[:-1], {**messages[-1], QUESTION_ID: question.question_id}]
