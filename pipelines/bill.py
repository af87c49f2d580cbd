"""What a model version is made of: references to the workspace's artefacts, checked against each other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from medrwr.serving.configuration import ServingConfig, settings_of
from medrwr.serving.references import (
    CALIBRATION,
    CASE_IMAGES,
    CASE_INDEX,
    CHECKPOINT,
    ENCODERS,
    INDEX,
    Reference,
    refer,
)
from pipelines.paths import Paths
from pipelines.stage import StageContext

FINAL_STAGE = "grpo_multimodal"


def bill_of(context: StageContext) -> ServingConfig:
    """Digest every artefact that answering needs, and check that they belong together.

    Raises:
        ArtefactError: one is missing, incomplete or damaged.
        DigestError: the calibration was made for another model or index.
    """
    from medrwr.calibration.artefact import digests_of, read_calibration
    from medrwr.policy.loading import check_checkpoint

    paths = context.paths
    check_checkpoint(paths.model(FINAL_STAGE))
    in_use = digests_of(paths.model(FINAL_STAGE), paths.index_manifest, paths.case_index_manifest)
    read_calibration(paths.calibration, expected=in_use)
    references = (
        _refer(paths, CHECKPOINT, paths.model(FINAL_STAGE)),
        _refer(paths, ENCODERS, paths.encoders),
        _refer(paths, INDEX, paths.index, paths.index_manifest),
        _refer(paths, CASE_INDEX, paths.case_index, paths.case_index_manifest),
        _refer(paths, CASE_IMAGES, paths.clinic, paths.cases),
        _refer(paths, CALIBRATION, paths.calibration),
    )
    return ServingConfig(references, settings_of(context.params), workspace=str(paths.root.resolve()))


def identity(config: ServingConfig, metrics: Mapping[str, float]) -> str:
    """SHA-256 of what a version is: artefacts, settings and measured figures; not where it lies, nor when."""
    content = {
        "references": {reference.name: reference.sha256 for reference in config.references},
        "settings": config.settings,
        "metrics": dict(metrics),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _refer(paths: Paths, name: str, path: Path, manifest: Path | None = None) -> Reference:
    relative = path.relative_to(paths.root).as_posix()
    witness = manifest.relative_to(paths.root).as_posix() if manifest is not None else ""
    return refer(name, relative, workspace=paths.root, manifest=witness)
