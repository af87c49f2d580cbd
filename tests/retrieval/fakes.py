"""Encoders without a model: exact, fast, and made for these tests only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from PIL.Image import Image

from medrwr.retrieval.encoder import Matrix, normalise


class WordEncoder:
    """A bag of hashed words, so that texts that share words are near each other."""

    dim = 64

    def __init__(self, name: str = "words") -> None:
        self.name = name
        self.digest = f"digest-of-{name}"
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Matrix:
        self.encoded.extend(texts)
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().replace(",", " ").replace(".", " ").split():
                number = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
                vectors[row, number % self.dim] += 1 if number & 256 else -1
        return normalise(vectors)

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        return self.encode(texts)


class PixelEncoder:
    """The image itself, 8 x 8, as its vector."""

    name, digest, dim = "pixels", "digest-of-pixels", 64

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        small = [np.asarray(image.convert("L").resize((8, 8)), np.float32).ravel() for image in images]
        return normalise(np.stack(small))

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        raise NotImplementedError
