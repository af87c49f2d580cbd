"""The alias moved by hand: only to a version that is complete, every artefact found and its digest verified."""

from __future__ import annotations

from pathlib import Path

from mlflow.entities.model_registry import ModelVersion

from medrwr.errors import ArtefactError, DigestError, PromotionError
from medrwr.serving.references import CALIBRATION, CHECKPOINT, ENCODERS, INDEX, keep, locate
from pipelines.moves import Move
from pipelines.promotion import Registry, Verify
from pipelines.versions import references_of

REQUIRED = (CHECKPOINT, ENCODERS, INDEX, CALIBRATION)


def promote(registry: Registry, number: str, why: str, root: Path) -> Move:
    """Give the alias to version `number`, its artefacts kept in the workspace's store.

    Raises:
        PromotionError: there is no such version, it carries the alias already, or it is not complete.
        TrackingError: the registry cannot be reached.
    """
    known = [str(version.version) for version in registry.versions()]
    if number not in known:
        raise PromotionError(f"{registry.name} has no version {number}, expected one of {', '.join(known) or 'none'}")
    move = registry.move(number, why, verifier(registry, root))
    if move is None:
        raise PromotionError(f"version {number} of {registry.name} carries {registry.alias!r} already: nothing to do")
    return move


def rollback(registry: Registry, why: str, root: Path) -> Move:
    """Give the alias back to the version that had it before, when that one is still complete.

    Raises:
        PromotionError: there is no previous version, or it is not complete.
        TrackingError: the registry cannot be reached.
    """
    return registry.rollback(why, verifier(registry, root))


def verifier(registry: Registry, root: Path) -> Verify:
    """`secure` for the versions of one registry."""
    return lambda version: secure(version, registry.name, root)


def secure(version: ModelVersion, name: str, root: Path) -> None:
    """Verify every artefact of a version and link it into the store, so that no later run takes it away.

    Raises:
        PromotionError: an artefact is missing, damaged, or was never registered.
    """
    references = references_of(version)
    absent = [required for required in REQUIRED if required not in {reference.name for reference in references}]
    if absent:
        raise PromotionError(
            f"version {version.version} of {name} has no {', '.join(absent)}: a model is promoted with its index and "
            "its calibration, so register it by `dvc repro register`"
        )
    for reference in references:
        try:
            located = locate(reference, [root])
        except (ArtefactError, DigestError) as error:
            raise PromotionError(f"version {version.version} of {name} is not complete: {error}") from error
        if located.path == root / reference.path:
            keep(reference, root)
