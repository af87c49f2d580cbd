"""Contamination of an evaluation (M14): test questions that resemble what was learnt or can be looked up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from medrwr.evaluation.contamination import Clean, Flag, identifies, near_images, near_texts, shared_runs, text_of
from medrwr.records import read_records
from medrwr.types import Demonstration, ImageCase, Question
from pipelines.disjoint import TRAINING
from pipelines.measures import Evaluated
from pipelines.opening import image_root_of
from pipelines.paths import Paths
from pipelines.rungs import FINAL
from pipelines.second_looks import CDIR
from pipelines.stage import StageContext

LEARNT, LOOKED_UP, CASES = "training", "knowledge base", "image cases"
_AS_QUERY = "question_as_query"


@dataclass(frozen=True, slots=True)
class Contamination:
    """Flags, and what is left without the flagged questions."""

    flags: tuple[Flag, ...] = ()
    clean: tuple[Clean, ...] = ()


def contamination_of(context: StageContext, evaluated: Evaluated) -> Contamination:
    """Compare the evaluated questions with training and calibration items, image cases and passages.

    Raises:
        ImageError: an image cannot be read.
        ArtefactError: a split is missing.
    """
    asked = [question for questions in evaluated.cells.values() for question in questions]
    learnt, root = _learnt(context.paths), image_root_of(context)
    cases, _ = read_records(context.paths.cases, ImageCase)
    images = [(one.question_id, image) for one in learnt for image in one.images]
    flags = [
        *shared_runs(asked, ((one.question_id, one.text) for one in learnt), LEARNT),
        *shared_runs(asked, _passages(context.paths), LOOKED_UP),
        *_by_vectors(context, evaluated, learnt),
        *near_images(asked, root, images, root, LEARNT),
        *near_images(asked, root, [(case.case_id, case.image) for case in cases], root, CASES),
    ]
    return Contamination(tuple(flags), tuple(_clean(evaluated, {flag.question_id for flag in flags})))


def contamination_metrics(found: Contamination) -> dict[str, float]:
    """Flagged questions in all and by source, and the accuracy of each cell without them."""
    metrics: dict[str, float] = {"flagged_questions": len({flag.question_id for flag in found.flags})}
    for source in (LEARNT, LOOKED_UP, CASES):
        ids = {flag.question_id for flag in found.flags if flag.source == source}
        metrics[f"flagged_by_{source.replace(' ', '_')}"] = len(ids)
    for one in found.clean:
        if one.accuracy_unflagged is not None:
            metrics[f"{one.cell}_accuracy_unflagged"] = one.accuracy_unflagged
    return metrics


def _learnt(paths: Paths) -> list[Question]:
    demonstrations, _ = read_records(paths.demonstrations, Demonstration)
    splits = [read_records(paths.questions(name), Question)[0] for name in (*TRAINING, "calibration")]
    return [one.question for one in demonstrations] + [question for split in splits for question in split]


def _passages(paths: Paths) -> Iterator[tuple[str, str]]:
    for file in sorted(paths.knowledge_bases.glob("*/passages.jsonl")):
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                passage = json.loads(line)
                yield passage["passage_id"], passage["text"]


def _by_vectors(context: StageContext, evaluated: Evaluated, learnt: Sequence[Question]) -> list[Flag]:
    """Against training items; against the knowledge base by the passages that the question as a query has found."""
    from medrwr.retrieval import CachedTextEncoder, open_text_encoder

    settings, paths = context.params.encoders, context.paths
    encoder = CachedTextEncoder(
        open_text_encoder(paths.encoders / "text", provider=settings.provider), paths.embedding_cache
    )
    asked = [question for cell in evaluated.cells.values() for question in cell if identifies(question)]
    learnt = [question for question in learnt if identifies(question)]
    own = encoder.encode([text_of(question) for question in asked])
    theirs = encoder.encode([text_of(question) for question in learnt])
    found = [one for played in evaluated.played.get(_AS_QUERY, {}).values() for each in played for one in each.passages]
    best = {one.passage.passage_id: one.passage.text for one in found}
    return [
        *near_texts(asked, own, [one.question_id for one in learnt], theirs, LEARNT),
        *near_texts(asked, own, [*best], encoder.encode([*best.values()]), LOOKED_UP),
    ]


def _clean(evaluated: Evaluated, flagged: set[str]) -> Iterator[Clean]:
    for cell in evaluated.cells:
        rung = CDIR if cell in evaluated.verdicts.get(CDIR, {}) else FINAL
        judged = evaluated.verdicts[rung].get(cell, ())
        kept = [verdict.correct for verdict in judged if verdict.question_id not in flagged]
        if judged:
            yield Clean(
                rung,
                cell,
                len(judged),
                len(judged) - len(kept),
                sum(verdict.correct for verdict in judged) / len(judged),
                sum(kept) / len(kept) if kept else None,
            )
