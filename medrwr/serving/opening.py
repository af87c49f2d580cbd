"""From a registered version's references, or from a workspace's own artefacts, to something that answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medrwr.config import Params
from medrwr.errors import ArtefactError
from medrwr.serving.answering import Answerer, SecondLook
from medrwr.serving.configuration import ServingConfig
from medrwr.serving.references import (
    CALIBRATION,
    CASE_IMAGES,
    CASE_INDEX,
    CHECKPOINT,
    ENCODERS,
    INDEX,
    Located,
    locate,
)


@dataclass(frozen=True, slots=True)
class CaseParts:
    """What a second look needs: index of cases, their images, and the calibration."""

    index: Located
    images: Path
    calibration: Path


@dataclass(frozen=True, slots=True)
class Parts:
    """All artefacts of an answerer, as places on this machine. `cases` None: no second look, no calibration."""

    checkpoint: Path
    encoders: Path
    index: Located
    cases: CaseParts | None = None


def open_version(config: ServingConfig) -> Answerer:
    """Verify every digest, then open.

    Raises:
        ArtefactError: an artefact is missing.
        DigestError: an artefact is not the one that was registered.
    """
    return open_parts(verified_parts(config), config.params)


def verified_parts(config: ServingConfig) -> Parts:
    """The places of a version's artefacts, digests verified. Another index means another confidence: no second look.

    Raises:
        ArtefactError: an artefact is missing.
        DigestError: an artefact is not the one that was registered.
    """

    def find(name: str) -> Located:
        return locate(config.reference(name), config.workspaces)

    checkpoint, encoders = find(CHECKPOINT).path, find(ENCODERS).path
    if config.index:
        return Parts(checkpoint, encoders, index_at(Path(config.index)))
    cases = CaseParts(find(CASE_INDEX), find(CASE_IMAGES).path, find(CALIBRATION).path)
    return Parts(checkpoint, encoders, find(INDEX), cases)


def index_at(folder: Path) -> Located:
    """An index by its folder; its manifest stands beside it, as `<folder>_manifest.json`.

    Raises:
        ArtefactError: one of the two is missing.
    """
    manifest = folder.with_name(f"{folder.name}_manifest.json")
    for path in (folder, manifest):
        if not path.exists():
            raise ArtefactError(f"{path} does not exist: give the folder of an index (`dvc repro index` makes one)")
    return Located(folder, manifest)


def open_parts(parts: Parts, params: Params) -> Answerer:
    """Load the policy and open retriever, case retriever and calibration.

    Raises:
        CheckpointError: the checkpoint is incomplete.
        IndexMismatchError: an index was built with another encoder or other settings.
        DigestError: the calibration was made for another model or another index.
    """
    from medrwr.policy.loading import load_policy
    from medrwr.retrieval import open_retriever
    from medrwr.rollout.engine import RolloutEngine

    base, model = params.base, params.base_model
    policy = load_policy(parts.checkpoint, device=base.device, dtype=base.dtype, max_pixels=model.max_pixels)
    retriever = open_retriever(parts.index.path, parts.index.manifest, parts.encoders, params.index)
    engine = RolloutEngine(
        policy, retriever, params.rollout, confidence_vocabulary=params.rewards.confidence_vocabulary
    )
    return Answerer(engine, _second_look(parts, params))


def _second_look(parts: Parts, params: Params) -> SecondLook | None:
    from medrwr.calibration.artefact import digests_of, read_calibration
    from medrwr.retrieval import open_case_retriever

    if parts.cases is None:
        return None
    case_index = parts.cases.index
    in_use = digests_of(parts.checkpoint, parts.index.manifest, case_index.manifest)
    calibration = read_calibration(parts.cases.calibration, expected=in_use)
    cases = open_case_retriever(
        case_index.path, case_index.manifest, parts.encoders, image_root=parts.cases.images, settings=params.case_index
    )
    return SecondLook(cases, calibration)
