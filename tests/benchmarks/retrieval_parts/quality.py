"""What full text, vectors and their fusion find on real sets, with intervals and paired tests (ir_measures)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import RR, Success, nDCG
from numpy.typing import NDArray

from medrwr.config import IndexSettings
from medrwr.retrieval import IndexRetriever, TextEncoder, build_index
from medrwr.retrieval.encoder import Matrix
from medrwr.retrieval.manifest import read_generations
from medrwr.retrieval.memory import open_table
from tests.benchmarks.retrieval_parts.data import Question, RealSet, bioasq, medquad, pubmedqa

MEASURES = {
    "recall@1": Success @ 1,  # a document that answers is among the first k
    "recall@3": Success @ 3,
    "recall@10": Success @ 10,
    "ndcg@10": nDCG @ 10,
    "rr@10": RR @ 10,
}
PARTS = ("text", "vector")
WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
DEPTH = 60
_SAMPLES = 2000
_FLIPS = 10_000

Scores = Mapping[str, NDArray[np.float64]]


def measure(
    data: Path, root: Path, encoder: TextEncoder, *, documents: int | None, questions: int, small: bool
) -> dict[str, float]:
    """Figures of all sets; prints a table a set. With `documents`, of that many of MedQuAD's, and the other sets hold
    only what answers their questions: easier than the whole, and said so by `passages`.
    """
    plain, renamed = medquad(data, documents=documents, questions=questions, seed=7)
    bio = bioasq(data, questions=questions, seed=7)
    pubmed = pubmedqa(data, bio, questions=questions, seed=7)
    if documents is not None:
        bio, pubmed = _restricted(bio), _restricted(pubmed)
    figures: dict[str, float] = {}
    shared: IndexRetriever | None = None
    for real in (plain, renamed, bio, pubmed):
        retriever = shared if real is renamed and shared else opened(real, root / real.name, encoder)
        shared = retriever if real is plain else shared
        figures |= {f"{real.name}_{name}": value for name, value in measure_set(real, retriever, small=small).items()}
    return figures


def _restricted(real: RealSet) -> RealSet:
    ids = set().union(*(question.relevant for question in (*real.questions, *real.development)))
    kept = tuple(passage for passage in real.passages if passage.document_id in ids)
    return RealSet(real.name, kept, real.questions, real.development)


def opened(real: RealSet, folder: Path, encoder: TextEncoder) -> IndexRetriever:
    settings = IndexSettings(exact_below=10**9)
    encoder = Remembering(encoder)
    manifest = build_index(real.passages, encoder, folder / "index", folder / "manifest.json", settings)
    (generation,) = read_generations(folder / "index", stage="index")
    return IndexRetriever(open_table(folder / "index", generation, text="terms"), manifest, encoder, settings)


def measure_set(real: RealSet, retriever: IndexRetriever, *, small: bool) -> dict[str, float]:
    """Figures of one set; the weights of both fusions are the best of the development questions, or the defaults.

    `hybrid` is by score, `rank` by reciprocal rank.
    """
    defaults = retriever.settings
    ways = {mode: defaults.model_copy(update={"mode": mode}) for mode in PARTS}
    for name, fusion, usual in (("rank", "rank", 0.8), ("hybrid", "score", 0.6)):
        way = defaults.model_copy(update={"fusion": fusion, "text_weight": usual})
        ways[name] = way if small else _best_weight(real.development, retriever.variant(way))
    weight = ways["hybrid"].text_weight
    found = {name: scores(real.questions, retriever.variant(way)) for name, way in ways.items()}
    figures: dict[str, float] = {
        "passages": len(real.passages),
        "questions": len(real.questions),
        "text_weight": weight,
    }
    print(f"\n{real.name}: {len(real.passages)} passages, {len(real.questions)} questions, text weight {weight}")
    print(f"{'':10}" + "".join(f"{name:>22}" for name in MEASURES))
    for mode, values in found.items():
        cells = []
        for name, value in values.items():
            low, high = interval(value)
            figures |= {f"{mode}_{name}": float(value.mean())}
            cells.append(f"{value.mean():.3f} [{low:.3f}, {high:.3f}]")
        print(f"{mode:10}" + "".join(f"{cell:>22}" for cell in cells))
    for part in PARTS:
        difference = found["hybrid"]["ndcg@10"] - found[part]["ndcg@10"]
        figures[f"hybrid_gain_over_{part}"] = float(difference.mean())
        figures[f"hybrid_p_against_{part}"] = paired_p(difference)
    figures["hybrid_margin_recall@3"] = figures["hybrid_recall@3"] - max(figures[f"{part}_recall@3"] for part in PARTS)
    return figures


def scores(questions: Sequence[Question], retriever: IndexRetriever) -> Scores:
    """Each measure of each question, in their order; a document stands where its first passage does."""
    answers = retriever.search_batch([question.text for question in questions], k=DEPTH)
    run, truth = {}, {}
    for number, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        documents = list(dict.fromkeys(scored.passage.document_id for scored in answer))
        run[f"q{number}"] = {document: 1.0 / rank for rank, document in enumerate(documents, start=1)}
        truth[f"q{number}"] = dict.fromkeys(question.relevant, 1)
    values = {name: np.zeros(len(questions)) for name in MEASURES}
    names = {str(measure): name for name, measure in MEASURES.items()}
    for found in ir_measures.iter_calc(list(MEASURES.values()), truth, run):
        values[names[str(found.measure)]][int(found.query_id[1:])] = found.value
    return values


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95% bootstrap interval of the mean."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(_SAMPLES, len(values)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def paired_p(differences: NDArray[np.float64]) -> float:
    """Two-sided sign-flip test of the mean paired difference (Smucker, Allan & Carterette 2007, CIKM)."""
    rng = np.random.default_rng(0)
    flips = rng.choice((-1.0, 1.0), size=(_FLIPS, len(differences)))
    as_far = np.abs((flips * differences).mean(1)) >= abs(differences.mean()) - 1e-12
    return float((as_far.sum() + 1) / (_FLIPS + 1))


def _best_weight(questions: Sequence[Question], retriever: IndexRetriever) -> IndexSettings:
    means = {}
    for weight in WEIGHTS:
        settings = retriever.settings.model_copy(update={"text_weight": weight})
        means[weight] = float(scores(questions, retriever.variant(settings))["ndcg@10"].mean())
    best = max(means, key=lambda weight: means[weight])
    return retriever.settings.model_copy(update={"text_weight": best})


class Remembering:
    """A `TextEncoder` that encodes a query once: every weight asks the same questions."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self.name, self.digest, self.dim = encoder.name, encoder.digest, encoder.dim
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> Matrix:
        return self._encoder.encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= dict(zip(fresh, self._encoder.encode_queries(fresh), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else self._encoder.encode_queries([])
