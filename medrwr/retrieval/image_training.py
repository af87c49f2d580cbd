"""Trains the small image-text encoder: open_clip's CLIP on images and captions, with Muon and AdamW.

Products are bfloat16 on processors that multiply it, and float32 on all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from medrwr.config import EncoderSettings
from medrwr.errors import ArtefactError
from medrwr.retrieval.caption_tokenizer import PAD, SPECIAL, UNKNOWN, build_caption_tokenizer
from medrwr.retrieval.image_batches import NearMissSampler
from medrwr.retrieval.image_probe import Probe
from medrwr.retrieval.images import Preprocess
from medrwr.sinks import MetricSink
from medrwr.types import ImageCase

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image
    from tokenizers import Tokenizer

WIDTH, LAYERS, HEAD_WIDTH, PATCH = 128, 3, 32, 14
_ADAMW_SHARE = 0.03  # learning rate of embeddings and gains, as a share of the matrices'
_WARM_UP = 20
_PROBE_EVERY = 25
_HELD_BACK = 10  # one pair in ten measures and does not train
_DROPPED, _NOISY = 0.03, 0.3
_MOST_NOISE = 4
_SHIFT = 1
_WORD_SPREAD = 0.5  # of word embeddings at the start; at open_clip's 0.02, matrices move before words do
_LARGEST_LOGIT_SCALE = float(np.log(100))


@dataclass(frozen=True, slots=True)
class TrainedImageEncoder:
    """The model with what goes with it; `curve` has a row every 25 steps."""

    model: Any
    tokenizer: Tokenizer
    preprocess: Preprocess
    losses: tuple[float, ...]
    curve: tuple[Mapping[str, float], ...]


def build_model(*, image_size: int, vocabulary: int, context: int) -> torch.nn.Module:
    """An untrained CLIP: patch 14, width 128, 3 layers, in both towers.

    Positions of patches are fixed sines and cosines: learned ones, small at the start, left places unlearned.

    Raises:
        ArtefactError: `image_size` is no multiple of the patch.
    """
    import torch
    from open_clip.model import CLIP

    if image_size % PATCH:
        raise ArtefactError(f"encoders.image_size = {image_size}: expected a multiple of {PATCH}")
    vision = {"image_size": image_size, "patch_size": PATCH, "width": WIDTH, "layers": LAYERS, "head_width": HEAD_WIDTH,
              "pos_embed_type": "sin_cos_2d"}  # fmt: skip
    text = {"context_length": context, "vocab_size": vocabulary, "width": WIDTH, "layers": LAYERS,
            "heads": WIDTH // HEAD_WIDTH, "pad_id": PAD}  # fmt: skip
    model = CLIP(embed_dim=WIDTH, vision_cfg=vision, text_cfg=text)
    torch.nn.init.normal_(model.token_embedding.weight, std=_WORD_SPREAD)
    module: torch.nn.Module = model
    return module


def train_image_encoder(
    images: Sequence[Image], cases: Sequence[ImageCase], settings: EncoderSettings, *, seed: int, sink: MetricSink
) -> TrainedImageEncoder:
    """Train on images and their captions for `settings.image_steps` steps; the same seed gives the same weights.

    Batches are drawn from one or two modalities each, so that the wrong captions are near misses.

    Raises:
        ArtefactError: fewer than 4 pairs, or captions that are all the same.
    """
    import torch

    captions = [case.caption for case in cases]
    if len(images) < 4 or len(set(captions)) < 2:
        raise ArtefactError(
            f"{len(images)} image-caption pairs with {len(set(captions))} different captions cannot train an encoder: "
            "expected at least 4 and 2"
        )
    preprocess = Preprocess(size=settings.image_size)
    tokenizer = build_caption_tokenizer(captions)
    pixels = torch.from_numpy(np.stack([preprocess.resized(image) for image in images]))
    tokens = torch.tensor([encoding.ids for encoding in tokenizer.encode_batch(captions)])
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build_model(
            image_size=settings.image_size, vocabulary=tokenizer.get_vocab_size(), context=tokens.shape[1]
        )
        run = _Run(model, pixels, tokens, cases, preprocess, settings, seed)
        losses, curve = run.train(sink)
    return TrainedImageEncoder(model.eval(), tokenizer, preprocess, tuple(losses), tuple(curve))


class _Run:
    """One training run: data, optimisers, loop."""

    def __init__(
        self,
        model: torch.nn.Module,
        pixels: torch.Tensor,
        tokens: torch.Tensor,
        cases: Sequence[ImageCase],
        preprocess: Preprocess,
        settings: EncoderSettings,
        seed: int,
    ) -> None:
        from medrwr.retrieval.torch_tower import has_bfloat16

        self.model, self.settings, self.in_bfloat16 = model, settings, has_bfloat16()
        self.pixels, self.tokens, self.preprocess = pixels, tokens, preprocess
        self.rng = np.random.default_rng(seed)
        held = [row for row in range(len(cases)) if row % _HELD_BACK == 0]
        self.probe = Probe(self._scaled(pixels[held]), tokens[held], [cases[row].caption for row in held])
        self.sampler = NearMissSampler(
            {row: case for row, case in enumerate(cases) if row % _HELD_BACK}, settings.image_batch, self.rng
        )

    def train(self, sink: MetricSink) -> tuple[list[float], list[dict[str, float]]]:
        """Losses of all steps, and the probe's rows."""
        optimisers = self._optimisers()
        losses: list[float] = []
        curve: list[dict[str, float]] = []
        steps = self.settings.image_steps
        for step in range(1, steps + 1):
            losses.append(self._step(optimisers, step))
            if step % _PROBE_EVERY == 0 or step == steps:
                measured = self.probe.measure(self.model)
                curve.append({"step": step, **measured})
                sink.log({f"image_encoder/{name}": value for name, value in measured.items()}, step=step)
                sink.progress(step, steps, "image encoder")
        return losses, curve

    def _step(self, optimisers: Sequence[torch.optim.Optimizer], step: int) -> float:
        import torch
        from open_clip.loss import ClipLoss

        scale = min(1.0, step / _WARM_UP) * (1 - (step - 1) / self.settings.image_steps)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * scale
        rows = self.sampler.batch()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.in_bfloat16):
            image, text, temperature = self.model(self._augmented(rows), self._scattered(rows))
        loss = ClipLoss()(image.float(), text.float(), temperature.float())
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad()
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, _LARGEST_LOGIT_SCALE)  # type: ignore[operator]
        return float(loss.detach())

    def _optimisers(self) -> list[torch.optim.Optimizer]:
        """Muon for the matrices inside the blocks, AdamW for embeddings, projections and gains."""
        import torch

        from medrwr.retrieval.muon import Float32Muon

        matrices: list[torch.nn.Parameter] = []
        others: list[torch.nn.Parameter] = []
        for name, parameter in self.model.named_parameters():
            (matrices if parameter.ndim == 2 and "resblocks" in name else others).append(parameter)
        rate = self.settings.image_lr
        muon = torch.optim.Muon if self.in_bfloat16 else Float32Muon
        return [
            muon([{"params": matrices, "peak": rate}], lr=rate, weight_decay=0.01),
            torch.optim.AdamW(
                [{"params": others, "peak": rate * _ADAMW_SHARE}], lr=rate, betas=(0.9, 0.98), weight_decay=0.01
            ),
        ]

    def _augmented(self, rows: Sequence[int]) -> torch.Tensor:
        """Pixels shifted by up to 1, brighter or darker, with noise."""
        import torch

        across, down = self.rng.integers(-_SHIFT, _SHIFT + 1, 2)
        batch = torch.roll(self.pixels[list(rows)].float(), (int(down), int(across)), (2, 3))
        gain = torch.from_numpy(self.rng.uniform(0.85, 1.15, (len(rows), 1, 1, 1)).astype(np.float32))
        noise = torch.from_numpy(self.rng.normal(0, 5, tuple(batch.shape)).astype(np.float32))
        return self._scaled((batch * gain + noise).clamp(0, 255))

    def _scaled(self, raw: torch.Tensor) -> torch.Tensor:
        import torch

        mean, std = (torch.tensor(v)[:, None, None] for v in (self.preprocess.mean, self.preprocess.std))
        return (raw.float() / 255 - mean) / std

    def _scattered(self, rows: Sequence[int]) -> torch.Tensor:
        """Captions with words dropped now and then, and unknown words put in: queries are no captions."""
        tokens = self.tokens[list(rows)].clone()
        end, length = int(self.tokens.max()), tokens.shape[1]
        for row in tokens:
            words = [int(token) for token in row if token >= UNKNOWN and token != end]
            kept = [word for word in words if word < SPECIAL or self.rng.random() >= _DROPPED] or words
            if self.rng.random() < _NOISY:
                for _ in range(self.rng.integers(1, _MOST_NOISE + 1)):
                    kept.insert(self.rng.integers(len(kept) + 1), UNKNOWN)
            kept = kept[: length - 2]
            row[1:] = PAD
            row[1 : len(kept) + 2] = row.new_tensor([*kept, end])
        return tokens
