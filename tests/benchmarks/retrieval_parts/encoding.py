"""Passages a second, by sentence-transformers and by the encoders here, turn about in one process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medrwr.retrieval import open_text_encoder
from medrwr.retrieval.text_export import PACKAGED, export_text_encoder, text_encoder_source

ROUNDS = 3
WORDS = 100


def hundred_words(texts: Sequence[str], count: int) -> list[str]:
    """Passages of exactly 100 words, cut from texts in their order."""
    words = " ".join(texts).split()
    return [" ".join(words[start : start + WORDS]) for start in range(0, count * WORDS, WORDS)]


def measure(root: Path, texts: Sequence[str], *, small: bool) -> dict[str, float]:
    """Speeds are medians of three rounds; the speed-ups of rounds run side by side."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(2)
    source = text_encoder_source(PACKAGED)
    for precision in ("float32", "bfloat16"):
        export_text_encoder(source, root / precision, name=PACKAGED, max_tokens=256, precision=precision)
    passages = hundred_words(texts, 32 if small else 256)
    original = SentenceTransformer(str(source), device="cpu")
    encoders: dict[str, Callable[[], NDArray[np.float32]]] = {
        "sentence_transformers": lambda: original.encode(passages, normalize_embeddings=True),
    }
    for precision in ("float32", "bfloat16"):
        opened = open_text_encoder(root / precision, provider="cpu", threads=2)
        encoders[precision] = lambda opened=opened: opened.encode(passages)  # type: ignore[misc]
    vectors = {name: encode() for name, encode in encoders.items()}  # and warm
    seconds: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(1 if small else ROUNDS):
        for name, encode in encoders.items():
            start = time.perf_counter()
            encode()
            seconds[name].append(time.perf_counter() - start)
    figures = {f"{name}_per_s": len(passages) / float(np.median(taken)) for name, taken in seconds.items()}
    for name in ("float32", "bfloat16"):
        ratios = [theirs / mine for theirs, mine in zip(seconds["sentence_transformers"], seconds[name], strict=True)]
        figures[f"{name}_speedup"] = float(np.median(ratios))
        figures[f"{name}_cosine"] = float((vectors[name] * vectors["sentence_transformers"]).sum(1).min())
    return figures
