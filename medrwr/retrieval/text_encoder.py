"""The text encoder: tokens -> pooled, L2-normalised sentence vectors, by onnxruntime or by torch in bfloat16.

One tower for queries and passages, or two (MedCPT): then queries go through one of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from medrwr.errors import ArtefactError
from medrwr.retrieval.encoder import EncoderCard, Matrix, normalise, read_card
from medrwr.retrieval.onnx_runtime import Provider, open_session, run_session

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
QUERY = "query"  # the folder of the query tower, where there is one
_BATCH = 32
_BATCH_TOKENS = 4096


class Tower(Protocol):
    """One model, opened."""

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.int64]) -> Matrix: ...


class StoredTextEncoder:
    """A `TextEncoder`. Texts are sorted by length into small batches, so that little is padding."""

    def __init__(self, folder: Path, *, provider: Provider = "auto", threads: int = 0) -> None:
        self._card = read_card(folder)
        if self._card.settings.get("kind") != "text":
            raise ArtefactError(f"{folder} holds encoder {self._card.name!r}, which is no text encoder")
        self._passages = _Side(folder, self._card, provider, threads)
        two = bool(self._card.settings.get("towers") == 2)
        self._queries = _Side(folder / QUERY, self._card, provider, threads) if two else self._passages

    @property
    def name(self) -> str:
        return self._card.name

    @property
    def digest(self) -> str:
        return self._card.digest

    @property
    def dim(self) -> int:
        return self._card.dim

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Vectors [len(texts), dim] of passages; an empty text has one too (that of the special tokens alone)."""
        return self._passages.encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """The same of queries; another tower only where the model has two."""
        return self._queries.encode(texts)


class _Side:
    """A tokenizer and its tower."""

    def __init__(self, folder: Path, card: EncoderCard, provider: Provider, threads: int) -> None:
        from tokenizers import Tokenizer

        self._dim, self._pad = card.dim, int(card.settings["pad_id"])
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(int(card.settings["max_tokens"]))
        self._tokenizer.no_padding()
        self._tower = _open_tower(folder, card, provider, threads)

    def encode(self, texts: Sequence[str]) -> Matrix:
        vectors = np.zeros((len(texts), self._dim), np.float32)
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        for rows in _batches([len(row) for row in ids]):
            vectors[rows] = self._run([ids[row] for row in rows])
        return normalise(vectors)

    def _run(self, ids: Sequence[Sequence[int]]) -> Matrix:
        width = max(1, *(len(row) for row in ids)) if len(ids) > 1 else max(1, len(ids[0]))
        tokens = np.full((len(ids), width), self._pad, np.int64)
        mask = np.zeros_like(tokens)
        for row, values in enumerate(ids):
            tokens[row, : len(values)] = values
            mask[row, : len(values)] = 1
        return self._tower.run(tokens, mask)


class _OnnxTower:
    def __init__(self, path: Path, provider: Provider, threads: int) -> None:
        self._session = open_session(path, provider=provider, threads=threads)

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.int64]) -> Matrix:
        inputs: dict[str, Any] = {"input_ids": tokens, "attention_mask": mask}
        return run_session(self._session, inputs)


def open_text_encoder(folder: Path, *, provider: Provider = "auto", threads: int = 0) -> StoredTextEncoder:
    """Open the text encoder that stage `encoders` left in `folder`.

    Raises:
        ArtefactError: the folder is missing, incomplete, or holds another kind of encoder.
    """
    return StoredTextEncoder(folder, provider=provider, threads=threads)


def _open_tower(folder: Path, card: EncoderCard, provider: Provider, threads: int) -> Tower:
    if card.settings.get("precision") == "bfloat16" and provider != "cuda":
        from medrwr.retrieval.torch_tower import TorchTower

        return TorchTower(folder, pooling=str(card.settings["pooling"]))
    return _OnnxTower(folder / MODEL, provider, threads)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers, sorted by length: at most 32 of them, and at most 4,096 tokens with their padding."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if batch and (len(batch) == _BATCH or (len(batch) + 1) * lengths[row] > _BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
