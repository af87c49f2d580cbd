"""Measures of a retriever: recall and reciprocal rank, and known-item queries to measure them with."""

from __future__ import annotations

import hashlib
import heapq
import random
import re
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from medrwr.knowledge_base.chunking import sentence_spans
from medrwr.types import Passage

_KEPT = 0.6
_FEWEST_WORDS = 5


def recall_at(rankings: Sequence[Sequence[str]], relevant: Sequence[AbstractSet[str]], *, k: int) -> float:
    """Share of the queries with a relevant id among their first `k`; 0 without queries."""
    hits = [not wanted.isdisjoint(ranking[:k]) for ranking, wanted in zip(rankings, relevant, strict=True)]
    return sum(hits) / max(1, len(hits))


def reciprocal_rank(rankings: Sequence[Sequence[str]], relevant: Sequence[AbstractSet[str]]) -> float:
    """Mean of 1 / rank of the first relevant id (0 where there is none); 0 without queries."""
    ranks = []
    for ranking, wanted in zip(rankings, relevant, strict=True):
        first = next((rank for rank, identity in enumerate(ranking, start=1) if identity in wanted), None)
        ranks.append(1 / first if first else 0.0)
    return sum(ranks) / max(1, len(ranks))


def known_item_queries(passages: Sequence[Passage], *, count: int, seed: int) -> list[tuple[str, str]]:
    """(query, passage id): a sentence that one passage alone has, 60% of its words kept, in their order.

    Nothing but the passages is needed, so that it measures any knowledge base; it favours word overlap. Sentences are
    chosen by their hashes: where few passages change, few queries do.
    """
    uses: Counter[str] = Counter()
    where: dict[str, str] = {}
    for passage in passages:
        for start, end in sentence_spans(passage.text):
            sentence = passage.text[start:end]
            if len(sentence.split()) >= _FEWEST_WORDS:
                uses[sentence] += 1
                where[sentence] = passage.passage_id
    ranked = ((_number(sentence, seed), sentence) for sentence, count in uses.items() if count == 1)
    return [(_thinned(sentence, number), where[sentence]) for number, sentence in heapq.nsmallest(count, ranked)]


def _number(sentence: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{sentence}".encode("utf-8", "surrogatepass")).digest()[:8], "big")


def _thinned(sentence: str, seed: int) -> str:
    words = re.findall(r"\w[\w-]*", sentence)
    kept = sorted(random.Random(seed).sample(range(len(words)), max(2, round(_KEPT * len(words)))))
    return " ".join(words[index] for index in kept)
