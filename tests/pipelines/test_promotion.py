"""The gate and the alias: first, better, worse; the history; rolled back. Killed half-way: test_moves."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow.entities.model_registry import ModelVersion

from medrwr.config import RegisterSettings
from medrwr.errors import PromotionError
from pipelines.gate import Weighed, decide
from pipelines.moves import PREVIOUS
from pipelines.promotion import METRIC_TAG, Registry
from pipelines.tracking.store import open_store

GATE = RegisterSettings(gate_metric="accuracy", minimum_gain=0.02)


@pytest.mark.parametrize(
    ("challenger", "champion", "promote"),
    [
        (0.1, None, True),  # the first needs no gain
        (0.55, 0.5, True),
        (0.52, 0.5, False),  # .02 is not more than .02
        (0.5, 0.5, False),
        (0.4, 0.5, False),
    ],
)
def test_the_gate_asks_for_more_than_the_minimum_gain(challenger: float, champion: float | None, promote: bool) -> None:
    decision = decide(challenger, champion, GATE)
    assert decision.promote is promote
    assert f"{challenger:.4f}" in decision.reason


@pytest.fixture
def registry(tracked: Path) -> Registry:
    store = open_store(tracked)
    store.client.create_registered_model("med-rwr")
    return Registry(store, "med-rwr", "champion")


def add(registry: Registry, accuracy: float) -> ModelVersion:
    client = registry._store.client
    return client.create_model_version(registry.name, "file:///nowhere", tags={METRIC_TAG + "accuracy": str(accuracy)})


def anything(version: ModelVersion) -> None:
    """Lets every version pass: what makes one complete is tested in test_promoting."""


def no_objection(challenger: ModelVersion, champion: ModelVersion) -> Weighed:
    """The rest of the gate is tested in test_gate."""
    return Weighed((), ())


def challenge(registry: Registry, accuracy: float) -> ModelVersion:
    version = add(registry, accuracy)
    decision = registry.judge(version, GATE, no_objection)
    if decision.promote:
        registry.promote(version, decision.reason, anything)
    return version


def alias(registry: Registry, name: str = "champion") -> str:
    carrier = registry._ledger.carrier(name)
    return "" if carrier is None else str(carrier.version)


def test_the_alias_moves_to_the_better_version_only(registry: Registry) -> None:
    carried = []
    for accuracy in (0.5, 0.6, 0.61, 0.3):
        challenge(registry, accuracy)
        carried.append((alias(registry), alias(registry, PREVIOUS)))
    assert carried == [("1", ""), ("2", "1"), ("2", "1"), ("2", "1")]


def test_the_history_says_who_when_from_to_and_why(registry: Registry) -> None:
    challenge(registry, 0.5)
    challenge(registry, 0.6)
    first, second = registry.history()
    assert (first.from_version, first.to_version) == ("", "1")
    assert (second.from_version, second.to_version) == ("1", "2")
    assert first.who
    assert first.when.endswith("+00:00")
    assert "gain +0.1000" in second.why


def test_a_decision_is_taken_once(registry: Registry) -> None:
    """Asked again after the champion has changed, the gate repeats what it said: the stage stays deterministic."""
    version = challenge(registry, 0.5)
    said = registry.judge(registry.versions()[0], GATE, no_objection)
    challenge(registry, 0.9)
    assert registry.judge(registry.versions()[0], GATE, no_objection) == said
    assert registry.promote(version, said.reason, anything) is False  # moved before: it is not the champion again
    assert alias(registry) == "2"


def test_rollback_swaps_champion_and_previous(registry: Registry) -> None:
    challenge(registry, 0.5)
    challenge(registry, 0.6)
    move = registry.rollback("wrong answers on CT", anything)
    assert (move.from_version, move.to_version, move.why) == ("2", "1", "wrong answers on CT")
    assert (alias(registry), alias(registry, PREVIOUS)) == ("1", "2")
    assert len(registry.history()) == 3


def test_rollback_needs_somewhere_to_go(registry: Registry) -> None:
    challenge(registry, 0.5)
    with pytest.raises(PromotionError, match="nothing to go back to"):
        registry.rollback("regret", anything)


def test_a_version_without_the_gates_metric_is_refused(registry: Registry) -> None:
    version = add(registry, 0.5)
    with pytest.raises(PromotionError, match="has no metric ece"):
        registry.judge(version, RegisterSettings(gate_metric="ece"), no_objection)
