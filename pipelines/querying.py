"""Queries that the policy does not write itself (M29): a refined question, and the most similar case's caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from medrwr.types import Question
from pipelines.arms import ONE_QUERY, GreedyRollout

if TYPE_CHECKING:
    from medrwr.rollout.cdir import CaseSearch
    from medrwr.rollout.engine import RolloutEngine
    from medrwr.sinks import MetricSink


def refined_queries(
    engine: RolloutEngine, questions: Sequence[Question], image_root: Path, sink: MetricSink
) -> list[str]:
    """What the policy asks when it reads the question without its images; where it asks nothing, the question itself.

    So the query is about the question alone: nothing that was seen can enter it.
    """
    blind = [replace(question, images=()) for question in questions]
    played = GreedyRollout(engine, image_root, ONE_QUERY, sink, "evaluate: refined questions")(blind)
    return [
        trajectory.queries[0] if trajectory.queries else question.text
        for question, trajectory in zip(questions, played, strict=True)
    ]


def caption_queries(cases: CaseSearch, questions: Sequence[Question], image_root: Path) -> list[str]:
    """The caption of the most similar case of each question's first image; without one, the question itself.

    Raises:
        ImageError: an image cannot be decoded.
    """
    from medrwr.rollout.context import open_image

    shown = [place for place, question in enumerate(questions) if question.images]
    found = cases.search_batch([open_image(image_root / questions[place].images[0]) for place in shown], k=1)
    captions = {place: best[0].case.caption for place, best in zip(shown, found, strict=True) if best}
    return [captions.get(place) or question.text for place, question in enumerate(questions)]
