"""Passages a second, by sentence-transformers and by the encoders here; what the fast one finds less on real sets."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medrwr.retrieval import CachedTextEncoder, open_text_encoder
from medrwr.retrieval.encoder import CARD
from medrwr.retrieval.text_encoder import StoredTextEncoder
from medrwr.retrieval.text_export import PACKAGED, Precision, export_text_encoder, text_encoder_source
from tests.benchmarks.retrieval_parts import quality
from tests.benchmarks.retrieval_parts.data import RealSet

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
TOKENS = 256  # the model's own limit: a passage of 100 words and its headings fit
ROUNDS = 3
WORDS = 100


def exported(root: Path, precision: Precision) -> StoredTextEncoder:
    """The packaged model with all its tokens, in `root`."""
    folder = root / f"text-{precision}"
    if not (folder / CARD).is_file():
        export_text_encoder(
            text_encoder_source(PACKAGED), folder, name=PACKAGED, max_tokens=TOKENS, precision=precision
        )
    return open_text_encoder(folder, provider="cpu", threads=2)


def found_less(real: RealSet, root: Path, cache: Path) -> dict[str, float]:
    """Recall@3 by vectors alone, in float32 and in bfloat16, and how much the second finds less."""
    recalls = {}
    for precision in PRECISIONS:
        encoder = CachedTextEncoder(exported(root, precision), cache)
        retriever = quality.opened(real, root / f"{real.name}-{precision}", encoder)
        by_vector = retriever.variant(retriever.settings.model_copy(update={"mode": "vector"}))
        recalls[precision] = float(quality.scores(real.questions, by_vector)["recall@3"].mean())
    named = {f"{precision}_{real.name}_recall@3": recall for precision, recall in recalls.items()}
    return named | {f"bfloat16_{real.name}_recall@3_lost": recalls["float32"] - recalls["bfloat16"]}


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
    passages = hundred_words(texts, 32 if small else 256)
    original = SentenceTransformer(str(source), device="cpu")
    encoders: dict[str, Callable[[], NDArray[np.float32]]] = {
        "sentence_transformers": lambda: original.encode(passages, normalize_embeddings=True),
    }
    for precision in PRECISIONS:
        opened = exported(root, precision)
        encoders[precision] = lambda opened=opened: opened.encode(passages)  # type: ignore[misc]
    vectors = {name: encode() for name, encode in encoders.items()}  # and warm
    seconds: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(1 if small else ROUNDS):
        for name, encode in encoders.items():
            start = time.perf_counter()
            encode()
            seconds[name].append(time.perf_counter() - start)
    figures = {f"{name}_per_s": len(passages) / float(np.median(taken)) for name, taken in seconds.items()}
    for name in PRECISIONS:
        ratios = [theirs / mine for theirs, mine in zip(seconds["sentence_transformers"], seconds[name], strict=True)]
        figures[f"{name}_speedup"] = float(np.median(ratios))
        figures[f"{name}_cosine"] = float((vectors[name] * vectors["sentence_transformers"]).sum(1).min())
    return figures
