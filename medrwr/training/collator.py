"""Episodes as a padded batch: text and image rows mixed, loss on sampled tokens only (M4, M24)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrwr.policy.loading import Policy
from medrwr.policy.prompts import render_prompt
from medrwr.rollout.context import image_token, open_image, prepare_images
from medrwr.rollout.tokens import TokenisedSegments
from medrwr.training.demonstrations import Episode

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Rows:
    """Turns episodes into rows of plain values: ids, labels, and the paths of images (none for text)."""

    policy: Policy
    image_root: Path
    max_turns: int

    def build(self, episodes: Sequence[Episode]) -> list[dict[str, Any]]:
        """One row an episode: the prompt's ids, then the completion's, never tokenised as one piece."""
        return [self._row(episode) for episode in episodes]

    def _row(self, episode: Episode) -> dict[str, Any]:
        prompt = render_prompt(self.policy, episode.question, max_turns=self.max_turns)
        paths = [str(self.image_root / image) for image in episode.question.images]
        images = [open_image(Path(path)) for path in paths] or None
        prompt_ids = self.policy.processor(text=[prompt], images=images)["input_ids"][0]
        ids, labels, shown = self._completion(episode.completion)
        return {
            "input_ids": [*prompt_ids, *ids],
            "labels": [IGNORED] * len(prompt_ids) + labels,
            "images": paths + shown,
        }

    def _completion(self, completion: TokenisedSegments) -> tuple[list[int], list[int], list[str]]:
        """Ids with each placeholder as wide as its image, labels, and the paths of the images shown on the way."""
        paths = [str(self.image_root / image) for image in completion.images]
        images = prepare_images(self.policy, [open_image(Path(path)) for path in paths])
        widths, pad = iter([image.tokens for image in images]), image_token(self.policy)
        ids, labels = [], []
        for token, own in zip(completion.ids, completion.env_mask, strict=True):
            times = next(widths) if token == pad else 1
            ids += [token] * times
            labels += [token if own else IGNORED] * times
        return ids, labels, paths


class EpisodeCollator:
    """Pads rows on the right, opens their images and marks the image tokens.

    `mm_token_type_ids` (1 on image tokens) must go with the ids: without it the model places image tokens as if
    they were text, without a warning.
    """

    def __init__(self, policy: Policy) -> None:
        self._processor = policy.processor
        self._pad = int(policy.tokenizer.pad_token_id)
        self._image_token = int(policy.model.config.image_token_id)

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Tensors [B, T] of ids, labels, masks; pixel values of all images one after the other, when there are any."""
        import torch

        width = max(len(row["input_ids"]) for row in rows)
        ids = torch.full((len(rows), width), self._pad)
        labels = torch.full((len(rows), width), IGNORED)
        attention = torch.zeros((len(rows), width), dtype=torch.long)
        for index, row in enumerate(rows):
            length = len(row["input_ids"])
            ids[index, :length] = torch.tensor(row["input_ids"])
            labels[index, :length] = torch.tensor(row["labels"])
            attention[index, :length] = 1
        batch = {"input_ids": ids, "labels": labels, "attention_mask": attention}
        batch["mm_token_type_ids"] = (ids == self._image_token).long()
        images = [open_image(Path(path)) for row in rows for path in row["images"]]
        if images:
            batch |= dict(self._processor.image_processor(images=images, return_tensors="pt"))
        return batch
