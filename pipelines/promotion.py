"""Who carries the alias: the gate, the move with its history, and the way back.

MLflow keeps no history of an alias: each move is written as a tag of the registered model, '<alias>.0001' and so on.
`previous` is set before the alias moves, and every step can be repeated: a promotion that was killed half-way is
finished by the next one.
"""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from medrwr.config import RegisterSettings
from medrwr.errors import PromotionError
from pipelines.tracking.store import Store, exclusive, translated

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

PREVIOUS = "previous"
METRIC_TAG = "metric."
PROMOTED_TAG = "gate.promoted"
REASON_TAG = "gate.reason"
MOVED_TAG = "gate.moved"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says, and why."""

    promote: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """One change of an alias. Versions are numbers as text, '' for none; `when` is UTC, ISO 8601."""

    who: str
    when: str
    from_version: str
    to_version: str
    why: str


def decide(challenger: float, champion: float | None, settings: RegisterSettings) -> Decision:
    """First, or better than the champion on the gate's metric by more than `minimum_gain`."""
    name, needed = settings.gate_metric, settings.minimum_gain
    if champion is None:
        return Decision(True, f"first version with {name} (here {challenger:.4f})")
    gain = round(challenger - champion, 9)  # .52 - .5 is .02, not a little more
    comparison = f"{name} {challenger:.4f} against the champion's {champion:.4f}, gain {gain:+.4f}"
    verdict = "more than" if gain > needed else "not more than"
    return Decision(gain > needed, f"{comparison}: {verdict} the {needed:g} that the gate asks for")


class Registry:
    """One registered model and its alias.

    Every method raises TrackingError when MLflow cannot be reached.
    """

    def __init__(self, store: Store, name: str, alias: str) -> None:
        self._store, self.name, self.alias = store, name, alias

    def champion(self) -> ModelVersion | None:
        """The version that carries the alias."""
        return self._carrier(self.alias)

    def previous(self) -> ModelVersion | None:
        """The version that a rollback goes to."""
        return self._carrier(PREVIOUS)

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

    def judge(self, version: ModelVersion, settings: RegisterSettings) -> Decision:
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
        self._tag(version, REASON_TAG, decision.reason)
        self._tag(version, PROMOTED_TAG, str(decision.promote).lower())
        return decision

    def promote(self, version: ModelVersion, why: str) -> bool:
        """Give `version` the alias, unless this promotion has been done before (someone may have moved on since)."""
        if MOVED_TAG in self._fresh(version).tags:
            return False
        moved = self.move(version.version, why)
        self._tag(version, MOVED_TAG, "true")
        return moved

    def rollback(self, why: str) -> Move:
        """Give the alias back to `previous`; the version that had it becomes `previous`.

        Raises:
            PromotionError: there is no previous version.
        """
        previous = self.previous()
        if previous is None:
            raise PromotionError(f"{self.name} has no version with the alias {PREVIOUS!r}: nothing to go back to")
        self.move(previous.version, why)
        return self.history()[-1]

    def move(self, to_version: str, why: str) -> bool:
        """Move the alias and write the move down; False when it is there already."""
        with exclusive(self._store.lock), translated(self._store.uri):
            champion = self._carrier(self.alias)
            from_version = "" if champion is None else str(champion.version)
            if from_version == str(to_version):
                return False
            client = self._store.client
            move = Move(_who(), datetime.now(UTC).isoformat(timespec="seconds"), from_version, str(to_version), why)
            number = self._next_number(move)
            client.set_registered_model_tag(self.name, f"{self.alias}.{number:04d}", json.dumps(asdict(move)))
            if from_version:
                client.set_registered_model_alias(self.name, PREVIOUS, from_version)
            client.set_registered_model_alias(self.name, self.alias, str(to_version))
        return True

    def history(self) -> list[Move]:
        """All moves of the alias, oldest first."""
        with translated(self._store.uri):
            tags: dict[str, Any] = dict(self._store.client.get_registered_model(self.name).tags)
        return [Move(**json.loads(tags[name])) for name in sorted(tags) if name.startswith(f"{self.alias}.")]

    def _next_number(self, move: Move) -> int:
        """The last entry's number again, when that is this very move: it was interrupted before the alias moved."""
        moves = self.history()
        again = bool(moves) and (moves[-1].from_version, moves[-1].to_version) == (move.from_version, move.to_version)
        return len(moves) if again else len(moves) + 1

    def _carrier(self, alias: str) -> ModelVersion | None:
        from mlflow.exceptions import MlflowException

        with translated(self._store.uri):
            try:
                return self._store.client.get_model_version_by_alias(self.name, alias)
            except MlflowException as error:
                if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    return None
                raise

    def _fresh(self, version: ModelVersion) -> ModelVersion:
        with translated(self._store.uri):
            return self._store.client.get_model_version(self.name, str(version.version))

    def _tag(self, version: ModelVersion, name: str, value: str) -> None:
        with translated(self._store.uri):
            self._store.client.set_model_version_tag(self.name, str(version.version), name, value)


def _metric(version: ModelVersion, name: str) -> float | None:
    value = version.tags.get(METRIC_TAG + name)
    return None if value is None else float(value)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "unknown"
