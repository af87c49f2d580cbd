"""Stage `register`: a version that refers to its artefacts by digest; the gate decides whether it carries the alias."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import TYPE_CHECKING

from medrwr.config import RegisterSettings
from medrwr.errors import ArtefactError, ConfigError
from medrwr.records import write_text_atomic
from medrwr.serving.configuration import ServingConfig
from medrwr.serving.references import prune
from pipelines.answers import write_answers
from pipelines.bill import bill_of
from pipelines.catalogue import suggest
from pipelines.evidence import evidence_of, overlap_of
from pipelines.gate import Decision, Weighed, weigh
from pipelines.paths import Paths
from pipelines.promoting import verifier
from pipelines.promotion import Registry
from pipelines.stage import StageContext, StageResult
from pipelines.tracking.store import Store, open_store
from pipelines.versions import find_or_create, references_of

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def run(context: StageContext) -> StageResult:
    """Register, judge, promote.

    Raises:
        ArtefactError: an artefact is missing or damaged, or the model does not answer its own example.
        ConfigError: the gate's metric was not measured.
        PromotionError: what the gate would promote is not complete.
        TrackingError: the registry cannot be reached.
    """
    settings, paths = context.params.register_, context.paths
    metrics = _measured(paths, settings.gate_metric)
    config = bill_of(context)
    store = open_store(paths.root)
    registry = Registry(store, settings.model_name, settings.alias)
    version = find_or_create(context, store, registry, config, metrics)
    decision = registry.judge(version, settings, partial(_compare, store, paths, settings))
    if decision.promote:
        registry.promote(version, decision.reason, verifier(registry, paths.root))
    with registry.settled() as carriers:
        prune([reference for carrier in carriers for reference in references_of(carrier)], paths.root)
    champion = int(carriers[0].version) if carriers else 0
    if carriers:
        write_text_atomic(paths.champion_answers, write_answers(evidence_of(carriers[0], store).answers))
    number = int(version.version)
    _write(paths, registry, config, decision, {"version": number, "champion": champion})
    gate = metrics[settings.gate_metric]
    verdict = f"is {settings.alias}" if champion == number else f"{settings.alias} stays version {champion}"
    return StageResult(
        {"version": number, "promoted": float(decision.promote), settings.gate_metric: gate},
        f"{settings.model_name} version {number} {verdict}: {decision.reason}",
    )


def _compare(
    store: Store, paths: Paths, settings: RegisterSettings, challenger: ModelVersion, champion: ModelVersion
) -> Weighed:
    return weigh(evidence_of(challenger, store, overlap=overlap_of(paths)), evidence_of(champion, store), settings)


def _measured(paths: Paths, gate_metric: str) -> dict[str, float]:
    path = paths.metrics("evaluate")
    if not path.is_file():
        raise ArtefactError(f"{path} does not exist: run `dvc repro evaluate`")
    values = json.loads(path.read_text(encoding="utf-8"))
    metrics = {name: float(value) for name, value in values.items() if value is not None and math.isfinite(value)}
    if gate_metric not in metrics:
        raise ConfigError(
            f"register.gate_metric = {gate_metric!r} was not measured: {suggest(gate_metric, list(metrics))}"
        )
    return metrics


def _write(
    paths: Paths, registry: Registry, config: ServingConfig, decision: Decision, numbers: dict[str, int]
) -> None:
    """The registration as a file: no time and no place, so that the same run gives the same bytes."""
    record = {
        "model": registry.name,
        "alias": registry.alias,
        **numbers,
        "promoted": decision.promote,
        "reason": decision.reason,
        "digests": {reference.name: reference.sha256 for reference in config.references},
    }
    write_text_atomic(paths.registration, json.dumps(record, indent=2) + "\n")
