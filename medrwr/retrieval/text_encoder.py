"""The text encoder, run by onnxruntime: tokens -> pooled, L2-normalised sentence vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medrwr.errors import ArtefactError
from medrwr.retrieval.encoder import Matrix, normalise, read_card
from medrwr.retrieval.onnx_runtime import Provider, open_session, run_session

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
_BATCH = 32


class OnnxTextEncoder:
    """A `TextEncoder`. Texts are sorted by length into small batches, so that little is padding."""

    def __init__(self, folder: Path, *, provider: Provider = "auto", threads: int = 0) -> None:
        from tokenizers import Tokenizer

        self._card = read_card(folder)
        if self._card.settings.get("kind") != "text":
            raise ArtefactError(f"{folder} holds encoder {self._card.name!r}, which is no text encoder")
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(int(self._card.settings["max_tokens"]))
        self._tokenizer.no_padding()
        self._pad = int(self._card.settings["pad_id"])
        self._session = open_session(folder / MODEL, provider=provider, threads=threads)

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
        """Vectors [len(texts), dim]; an empty text has one too (that of the special tokens alone)."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda row: (len(encodings[row].ids), row))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            vectors[rows] = self._run([encodings[row].ids for row in rows])
        return normalise(vectors)

    def _run(self, ids: Sequence[Sequence[int]]) -> Matrix:
        width = max(1, *(len(row) for row in ids)) if len(ids) > 1 else max(1, len(ids[0]))
        tokens = np.full((len(ids), width), self._pad, np.int64)
        mask = np.zeros_like(tokens)
        for row, values in enumerate(ids):
            tokens[row, : len(values)] = values
            mask[row, : len(values)] = 1
        inputs: dict[str, Any] = {"input_ids": tokens, "attention_mask": mask}
        return run_session(self._session, inputs)


def open_text_encoder(folder: Path, *, provider: Provider = "auto", threads: int = 0) -> OnnxTextEncoder:
    """Open the text encoder that stage `encoders` left in `folder`.

    Raises:
        ArtefactError: the folder is missing, incomplete, or holds another kind of encoder.
    """
    return OnnxTextEncoder(folder, provider=provider, threads=threads)
