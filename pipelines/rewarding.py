"""Opens the reward mixture of a GRPO stage with the models that its rewards need, and no others."""

from __future__ import annotations

from collections.abc import Sequence

from medrwr.errors import ArtefactError
from medrwr.knowledge_base import Term
from medrwr.records import read_records
from medrwr.rewards import RewardMixture
from medrwr.rewards.inputs import EntityRecogniser, ImageTextEncoder
from medrwr.rewards.mixture import RewardName
from pipelines.opening import image_root_of
from pipelines.stage import StageContext


def open_mixture(context: StageContext, names: Sequence[RewardName]) -> RewardMixture:
    """M20's mixture of the rewards in `names`.

    Raises:
        ArtefactError: the image-text encoder, or the dictionary of terms, is missing.
    """
    return RewardMixture(
        context.params.rewards,
        names,
        recogniser=_open_recogniser(context) if "query_text" in names else None,
        encoder=_open_encoder(context) if "query_image" in names else None,
        image_root=image_root_of(context),
    )


def read_terms(context: StageContext) -> list[Term]:
    """The clinical terms of all knowledge bases, in a stable order.

    Raises:
        ArtefactError: there is no term at all.
    """
    folder = context.paths.knowledge_bases
    files = sorted(folder.glob("*/terms.jsonl"))
    terms = sorted({term for file in files for term in read_records(file, Term)[0]})
    if not terms:
        raise ArtefactError(f"{folder} has no clinical terms (terms.jsonl): run `dvc repro knowledge_base`")
    return terms


def _open_recogniser(context: StageContext) -> EntityRecogniser:
    from medrwr.entities import MedcatRecogniser

    return MedcatRecogniser.from_terms(read_terms(context))


def _open_encoder(context: StageContext) -> ImageTextEncoder:
    from medrwr.retrieval import open_image_encoder

    return open_image_encoder(context.paths.encoders / "image", provider=context.params.encoders.provider)
