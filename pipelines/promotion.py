"""Who carries the alias. What the gate asks: `gate`; how a move is made and written down: `moves`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from medrwr.config import RegisterSettings
from medrwr.errors import PromotionError
from pipelines.gate import Decision, Weighed, decide, restrict
from pipelines.moves import PREVIOUS, Ledger, Move
from pipelines.tracking.store import Store, translated

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

METRIC_TAG = "metric."
PROMOTED_TAG = "gate.promoted"
REASON_TAG = "gate.reason"
LONGEST_TAG = 5000  # MLflow's limit
Compare = Callable[["ModelVersion", "ModelVersion"], Weighed]  # the challenger, then the champion
Verify = Callable[["ModelVersion"], None]  # raises PromotionError for a version that cannot carry the alias


class Registry:
    """One registered model and its alias.

    Every method raises TrackingError when MLflow cannot be reached.
    """

    def __init__(self, store: Store, name: str, alias: str) -> None:
        self._store, self.name, self.alias = store, name, alias
        self._ledger = Ledger(store, name, alias)

    def champion(self) -> ModelVersion | None:
        """The version that carries the alias."""
        return self._ledger.carrier(self.alias)

    def previous(self) -> ModelVersion | None:
        """The version that a rollback goes to."""
        return self._ledger.carrier(PREVIOUS)

    def carriers(self) -> dict[str, ModelVersion]:
        """Alias -> version, of the alias and `previous`."""
        found = {self.alias: self.champion(), PREVIOUS: self.previous()}
        return {alias: version for alias, version in found.items() if version is not None}

    def versions(self) -> list[ModelVersion]:
        """All versions, oldest first."""
        with translated(self._store.uri):
            found = self._store.client.search_model_versions(f"name = '{self.name}'")
        return sorted(found, key=lambda version: int(version.version))

    def find(self, **tags: str) -> ModelVersion | None:
        """The newest version that has all `tags`."""
        matching = [v for v in self.versions() if all(v.tags.get(name) == value for name, value in tags.items())]
        return matching[-1] if matching else None

    def judge(self, version: ModelVersion, settings: RegisterSettings, compare: Compare) -> Decision:
        """The gate's decision about `version`: taken once, kept in its tags, and the same whenever asked again."""
        if PROMOTED_TAG in version.tags:
            return Decision(version.tags[PROMOTED_TAG] == "true", version.tags[REASON_TAG])
        champion = self.champion()
        against = None if champion is None else _metric(champion, settings.gate_metric)
        challenger = _metric(version, settings.gate_metric)
        if challenger is None:
            raise PromotionError(
                f"version {version.version} of {self.name} has no metric {settings.gate_metric}: "
                "run `dvc repro evaluate`, or name one of its metrics in register.gate_metric"
            )
        decision = decide(challenger, against, settings)
        if champion is not None and against is not None:
            decision = restrict(decision, compare(version, champion))
        self._tag(version, REASON_TAG, decision.reason[:LONGEST_TAG])
        self._tag(version, PROMOTED_TAG, str(decision.promote).lower())
        return decision

    def promote(self, version: ModelVersion, why: str, verify: Verify) -> bool:
        """Give `version` the alias, unless this promotion has been done before (someone may have moved on since).

        Raises:
            PromotionError: `verify` refuses the version.
        """
        number = str(version.version)
        if any(move.to_version == number for move in self.history()):
            return False
        return self.move(number, why, verify) is not None

    def move(self, to_version: str, why: str, verify: Verify) -> Move | None:
        """Move the alias to a version that `verify` lets pass; None when it is there already.

        A killed promotion to this version that had moved the alias is the one asked for: it is returned.
        """
        with self._ledger.settled() as finished:
            if finished is not None and (finished.kind, finished.move.to_version) == ("promotion", to_version):
                return finished.move
            champion = self.champion()
            if champion is not None and str(champion.version) == to_version:
                return None
            verify(self._version(to_version))
            return self._ledger.make("promotion", to_version, why)

    def rollback(self, why: str, verify: Verify) -> Move:
        """Give the alias back to `previous`, if `verify` lets it pass; the version that had it becomes `previous`.

        A killed rollback that had moved the alias is the one asked for: it is returned.

        Raises:
            PromotionError: there is no previous version, or `verify` refuses it.
        """
        with self._ledger.settled() as finished:
            if finished is not None and finished.kind == "rollback":
                return finished.move
            previous = self.previous()
            if previous is None:
                raise PromotionError(f"{self.name} has no version with the alias {PREVIOUS!r}: nothing to go back to")
            verify(previous)
            return self._ledger.make("rollback", str(previous.version), why)

    @contextmanager
    def settled(self) -> Iterator[list[ModelVersion]]:
        """The versions with an alias, the champion first; while this is held no alias moves."""
        with self._ledger.settled():
            yield [version for version in (self.champion(), self.previous()) if version is not None]

    def history(self) -> list[Move]:
        """All moves of the alias, oldest first."""
        return self._ledger.history()

    def _version(self, number: str) -> ModelVersion:
        with translated(self._store.uri):
            return self._store.client.get_model_version(self.name, number)

    def _tag(self, version: ModelVersion, name: str, value: str) -> None:
        with translated(self._store.uri):
            self._store.client.set_model_version_tag(self.name, str(version.version), name, value)


def _metric(version: ModelVersion, name: str) -> float | None:
    value = version.tags.get(METRIC_TAG + name)
    return None if value is None else float(value)
