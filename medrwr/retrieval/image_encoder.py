"""The image-text encoder (M18), run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medrwr.errors import ArtefactError
from medrwr.retrieval.encoder import Matrix, normalise, read_card
from medrwr.retrieval.images import preprocess_of
from medrwr.retrieval.onnx_runtime import Provider, open_session, run_session

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE_TOWER, TEXT_TOWER, TOKENIZER = "image.onnx", "text.onnx", "tokenizer.json"
_BATCH = 32


class OnnxImageTextEncoder:
    """An `ImageTextEncoder`."""

    def __init__(self, folder: Path, *, provider: Provider = "auto", threads: int = 0) -> None:
        from tokenizers import Tokenizer

        self._card = read_card(folder)
        if self._card.settings.get("kind") != "image-text":
            raise ArtefactError(f"{folder} holds encoder {self._card.name!r}, which is no image-text encoder")
        self._preprocess = preprocess_of(self._card.settings["preprocess"])
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._image_tower = open_session(folder / IMAGE_TOWER, provider=provider, threads=threads)
        self._text_tower = open_session(folder / TEXT_TOWER, provider=provider, threads=threads)

    @property
    def name(self) -> str:
        return self._card.name

    @property
    def digest(self) -> str:
        return self._card.digest

    @property
    def dim(self) -> int:
        return self._card.dim

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        """Vectors [len(images), dim] of images of any size and mode."""
        vectors = np.zeros((len(images), self.dim), np.float32)
        for start in range(0, len(images), _BATCH):
            pixels = self._preprocess.pixels(images[start : start + _BATCH])
            vectors[start : start + _BATCH] = run_session(self._image_tower, {"pixels": pixels})
        return normalise(vectors)

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """Vectors [len(texts), dim]; words beyond the model's context are cut off."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), _BATCH):
            rows = self._tokenizer.encode_batch(list(texts[start : start + _BATCH]))
            tokens = np.array([row.ids for row in rows], np.int64)
            vectors[start : start + _BATCH] = run_session(self._text_tower, {"tokens": tokens})
        return normalise(vectors)


def open_image_encoder(folder: Path, *, provider: Provider = "auto", threads: int = 0) -> OnnxImageTextEncoder:
    """Open the image-text encoder that stage `encoders` left in `folder`.

    Raises:
        ArtefactError: the folder is missing, incomplete, or holds another kind of encoder.
    """
    return OnnxImageTextEncoder(folder, provider=provider, threads=threads)
