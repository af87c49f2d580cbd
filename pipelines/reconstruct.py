"""Stage `reconstruct`: an archive becomes examination questions - clustered, rewritten, judged by rules (M11, M12)."""

from __future__ import annotations

from collections.abc import Sequence

from medrwr.curation.archive import distinct_cases
from medrwr.curation.card import card_of
from medrwr.curation.choosing import choose
from medrwr.curation.offline import OFFLINE_MODEL
from medrwr.curation.reconstruct import Reconstructed, reconstruct
from medrwr.datasets.overlap import ItemSet, find_overlaps
from medrwr.errors import ArtefactError
from medrwr.records import read_records, write_records, write_text_atomic
from medrwr.retrieval import open_image_encoder
from medrwr.types import ImageCase, Quarantined, Question
from pipelines.asking import open_asker
from pipelines.stage import StageContext, StageResult

_HELD_BACK = ("calibration", "test")


def run(context: StageContext) -> StageResult:
    """Write data/reconstructed: questions, rejected and postponed cases with their reasons, card, clusters."""
    paths, settings, seed = context.paths, context.params.reconstruct, context.params.base.seed
    cases, refused = _cases(context)
    work = paths.work("reconstruct")
    if settings.clusters:
        encoder = open_image_encoder(
            paths.encoders / "image", provider=context.params.encoders.provider, threads=context.params.base.threads
        )
        chosen = choose(
            cases,
            paths.clinic,
            encoder,
            clusters=settings.clusters,
            per_cluster=settings.per_cluster,
            seed=seed,
            features=work / "features",
        )
        cases = chosen.cases
        write_text_atomic(paths.reconstructed / "clusters.html", chosen.page)
    with open_asker(work, settings.endpoint or "", settings.model or "", concurrency=settings.concurrency) as asker:
        attach = asker.model != OFFLINE_MODEL
        found = reconstruct(cases, paths.clinic, asker, seed=seed, attach=attach, progress=context.sink.progress)
        found = _apart(context, found)
        rejected = [*refused, *found.rejected]
        card = card_of(cases, found, rejected, asker, licence=settings.licence)
    if not found.questions:
        raise ArtefactError(f"none of {len(cases)} image cases became a question: {_why(rejected, found)}")
    return _result(context, found, rejected, card)


def _cases(context: StageContext) -> tuple[list[ImageCase], list[Quarantined]]:
    """The archive's cases of what may be trained on, each image once: the held-out modality stays unseen."""
    cases, broken = read_records(context.paths.archive / "cases.jsonl", ImageCase)
    held_out = context.params.clinic.held_out_modality
    return distinct_cases([case for case in cases if case.modality != held_out], context.paths.clinic, broken)


def _apart(context: StageContext, found: Reconstructed) -> Reconstructed:
    """Without what a calibration or test item resembles (M14)."""
    paths = context.paths
    made = ItemSet("reconstructed", found.questions, paths.clinic)
    given_away: dict[str, str] = {}
    for split in _HELD_BACK:
        held = ItemSet(split, read_records(paths.questions(split), Question)[0], paths.clinic)
        for overlap in find_overlaps([made], held):
            reason = f"overlap: its {overlap.kind} resembles {split} item {overlap.evaluation_id}"
            given_away.setdefault(overlap.training_id, reason)
    kept = tuple(question for question in found.questions if question.question_id not in given_away)
    dropped = [Quarantined(name, "reconstruct", reason) for name, reason in sorted(given_away.items())]
    return Reconstructed(kept, (*found.rejected, *dropped), found.postponed)


def _why(rejected: Sequence[Quarantined], found: Reconstructed) -> str:
    first = [*found.postponed, *rejected][:1]
    return first[0].reason if first else "there are none, see clinic.archive_cases and clinic.held_out_modality"


def _result(context: StageContext, found: Reconstructed, rejected: Sequence[Quarantined], card: str) -> StageResult:
    folder = context.paths.reconstructed
    write_records(folder / "rejected.jsonl", rejected)
    write_records(folder / "postponed.jsonl", found.postponed)
    write_text_atomic(folder / "card.md", card)
    write_records(folder / "questions.jsonl", found.questions)
    metrics = {
        "questions": float(len(found.questions)),
        "rejected": float(len(rejected)),
        "postponed": float(len(found.postponed)),
    }
    headline = (
        f"{len(found.questions)} questions from image cases, {len(rejected)} cases rejected, "
        f"{len(found.postponed)} left for a later run"
    )
    return StageResult(metrics, headline, (folder / "card.md",))
