"""Stage `case_index`: the image cases that confidence-driven re-retrieval searches (M10, M26)."""

from __future__ import annotations

import random

from medrwr.records import read_records, write_records
from medrwr.retrieval import CaseRetriever, build_case_index, open_case_retriever, open_image_encoder
from medrwr.retrieval.dicom_cases import import_dicom
from medrwr.retrieval.image_probe import shared_words
from medrwr.types import ImageCase, Quarantined
from pipelines.stage import StageContext, StageResult

_ASKED = 100


def run(context: StageContext) -> StageResult:
    """Publish data/case_index with its manifest and quarantine.jsonl, and measure how alike neighbours are."""
    paths, params = context.paths, context.params
    cases, broken_lines = read_records(paths.cases, ImageCase)
    encoder = open_image_encoder(
        paths.encoders / "image", provider=params.encoders.provider, threads=params.base.threads
    )
    imported, refused = _dicom(context)
    cases += imported
    manifest, broken_images = build_case_index(
        cases, paths.clinic, encoder, paths.case_index, paths.case_index_manifest, params.case_index
    )
    quarantined = [*broken_lines, *refused, *broken_images]
    write_records(paths.case_index / "quarantine.jsonl", quarantined)
    retriever = open_case_retriever(
        paths.case_index, paths.case_index_manifest, paths.encoders, paths.clinic, params.case_index
    )
    bad = {entry.record_id for entry in broken_images}
    overlap = _neighbour_overlap(retriever, [case for case in cases if case.case_id not in bad], params.base.seed)
    metrics = {"rows": manifest.rows, "quarantined": len(quarantined), "neighbour_caption_overlap": overlap}
    headline = (
        f"{manifest.rows} image cases, {len(quarantined)} quarantined, neighbours share {overlap:.2f} of their words"
    )
    return StageResult(metrics, headline, (paths.case_index_manifest,), {"case_index": manifest.digest})


def _dicom(context: StageContext) -> tuple[list[ImageCase], list[Quarantined]]:
    """Cases of the folder `case_index.dicom`; their pictures, without identity, lie in data/case_index/dicom."""
    named, paths = context.params.case_index.dicom, context.paths
    if named is None:
        return [], []
    return import_dicom(paths.root / named, paths.case_index / "dicom", source="dicom", image_root=paths.clinic)


def _neighbour_overlap(retriever: CaseRetriever, cases: list[ImageCase], seed: int) -> float:
    """Mean share of a case's caption words that its nearest case has too, the case itself being left out as a copy."""
    asked = random.Random(f"cases:{seed}").sample(cases, min(_ASKED, len(cases)))
    answers = retriever.search_batch([retriever.load_image(case) for case in asked], k=1)
    pairs = [(case, answer[0].case) for case, answer in zip(asked, answers, strict=True) if answer]
    shares = [float(shared_words([case.caption, other.caption])[0, 1]) for case, other in pairs]
    return sum(shares) / max(1, len(shares))
