"""`medrwr curate`: an archive of one's own -> training questions (M11-M14), what was rejected and why, and a card."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from medrwr.curation.archive import read_archive, read_licences
from medrwr.curation.card import card_of
from medrwr.curation.decisions import apply_decisions, read_decisions
from medrwr.curation.endpoint import Asker, Prices
from medrwr.curation.offline import OFFLINE_MODEL
from medrwr.curation.prompts import record_request
from medrwr.curation.reconstruct import Reconstructed, reconstruct
from medrwr.records import write_records, write_text_atomic
from medrwr.types import ImageCase, Quarantined
from pipelines.asking import open_asker
from pipelines.cli.leaking import leaks_of
from pipelines.cli.screen import make_console
from pipelines.paths import Paths
from pipelines.tracking.progress import ProgressLine

QUESTIONS, REJECTED, POSTPONED, CARD = "questions.jsonl", "rejected.jsonl", "postponed.jsonl", "card.md"
DRAFTS, DECISIONS = "drafts.jsonl", "decisions.jsonl"  # what a person looks at, and decided
FEATURES, CLUSTERS = "features", "clusters.html"


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line gave. `endpoint` and `model` default to OPENAI_BASE_URL and OPENAI_MODEL, else offline.

    Prices are for a million tokens, in any one currency. With `clusters`, only the cases nearest to each cluster's
    centre are used, `per_cluster` of them (M11); 0 uses them all.
    """

    images: Path
    captions: Path
    out: Path
    endpoint: str = ""
    model: str = ""
    benchmarks: tuple[Path, ...] = ()
    licence: str = ""
    prompt_price: float = 0.0
    completion_price: float = 0.0
    concurrency: int = 8
    seed: int = 7
    dry_run: bool = False
    clusters: int = 0
    per_cluster: int = 4
    encoder: Path | None = None


def curate(request: Request, console: Console | None = None) -> Reconstructed | None:
    """Write questions, rejected and postponed cases and the card to `out`; a rerun pays for nothing twice.

    Raises:
        ArtefactError: a path is missing, or no row is usable.
        ConfigError: an endpoint without a model, or a benchmark that cannot be read.
    """
    console = console or make_console()
    line = ProgressLine()
    cases, refused = read_archive(request.images, request.captions, source="archive", progress=line.update)
    line.close()
    if request.clusters:
        cases = _representatives(cases, request, console, line)
    with open_asker(request.out, request.endpoint, request.model, concurrency=request.concurrency) as asker:
        if request.dry_run:
            _estimate(request, asker, cases, console)
            return None
        found = reconstruct(
            cases, request.images, asker, seed=request.seed, attach=asker.model != OFFLINE_MODEL, progress=line.update
        )
        line.close()
        found = _reviewed(_without_leaks(found, request), request)
        rejected = [*refused, *found.rejected]
        licences = read_licences(request.captions)
        card = card_of(cases, found, rejected, asker, licence=request.licence, licences=licences)
        _write(request, found, rejected, card)
    _say(console, request, found, rejected)
    return found


def _representatives(cases: list[ImageCase], request: Request, console: Console, line: ProgressLine) -> list[ImageCase]:
    """The cases near the centres, in the archive's order; what was clustered is on a page."""
    from medrwr.curation.choosing import choose
    from medrwr.retrieval import open_image_encoder

    encoder = open_image_encoder(request.encoder or Paths().encoders / "image")
    chosen = choose(
        cases,
        request.images,
        encoder,
        clusters=request.clusters,
        per_cluster=request.per_cluster,
        seed=request.seed,
        features=request.out / FEATURES,
        progress=line.update,
    )
    line.close()
    write_text_atomic(request.out / CLUSTERS, chosen.page)
    page = escape(str(request.out / CLUSTERS))
    console.print(f"{len(cases)} cases in {chosen.clusters} clusters, {len(chosen.cases)} near the centres: {page}")
    return chosen.cases


def _estimate(request: Request, asker: Asker, cases: list[ImageCase], console: Console) -> None:
    """What the records would cost; a question costs about as much again."""
    requests = [record_request(case, request.images, attach=asker.model != OFFLINE_MODEL) for case in cases]
    cost = asker.estimate(requests, Prices(request.prompt_price, request.completion_price))
    console.print(
        f"{len(cases)} cases with {escape(asker.model)}: about {2 * cost.calls} calls ({cost.cached} records known), "
        f"{2 * cost.prompt_tokens} tokens sent, {2 * cost.completion_tokens} received, cost {2 * cost.cost:.2f}"
    )


def _without_leaks(found: Reconstructed, request: Request) -> Reconstructed:
    """Without the questions that a benchmark's question or image resembles (M14)."""
    leaks = leaks_of(found.questions, request.images, request.benchmarks)
    rejected = [Quarantined(name, "archive", reason) for name, reason in sorted(leaks.items())]
    kept = tuple(question for question in found.questions if question.question_id not in leaks)
    return Reconstructed(kept, (*found.rejected, *rejected), found.postponed)


def _reviewed(found: Reconstructed, request: Request) -> Reconstructed:
    """As people decided on the review page; what they look at is kept as it was made."""
    write_records(request.out / DRAFTS, found.questions)
    kept, rejected = apply_decisions(found.questions, read_decisions(request.out / DECISIONS))
    return Reconstructed(tuple(kept), (*found.rejected, *rejected), found.postponed)


def _write(request: Request, found: Reconstructed, rejected: list[Quarantined], card: str) -> None:
    write_records(request.out / REJECTED, rejected)
    write_records(request.out / POSTPONED, found.postponed)
    write_text_atomic(request.out / CARD, card)
    write_records(request.out / QUESTIONS, found.questions)


def _say(console: Console, request: Request, found: Reconstructed, rejected: list[Quarantined]) -> None:
    reasons = Counter(one.reason.split(":")[0] for one in rejected)
    console.print(
        f"{len(found.questions)} questions in {escape(str(request.out / QUESTIONS))}, {len(rejected)} rejected"
    )
    for reason, count in reasons.most_common():
        console.print(f"  {count:6} {escape(reason)}")
    if found.postponed:
        console.print(f"{len(found.postponed)} left for a later run: {escape(found.postponed[0].reason)}")
