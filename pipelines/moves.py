"""An alias that moves: intent, move, record. Killed anywhere between, the next process finishes or discards it.

MLflow keeps no history of an alias: each move is a tag of the registered model, '<alias>.0001' and so on, written only
after the alias has moved. Before that, one tag says what is about to happen. A killed process leaves that tag: when the
alias has moved, the move is written down; when it has not, `previous` is put back and the move never happened.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pipelines.tracking.store import Store, exclusive, translated

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

PREVIOUS = "previous"
PENDING = "pending."
Kind = Literal["promotion", "rollback"]


@dataclass(frozen=True, slots=True)
class Move:
    """One change of an alias. Versions are numbers as text, '' for none; `when` is UTC, ISO 8601."""

    who: str
    when: str
    from_version: str
    to_version: str
    why: str


@dataclass(frozen=True, slots=True)
class Intent:
    """A move that is about to happen: its number in the history, and who carried `previous` before it."""

    kind: Kind
    number: int
    previous: str
    move: Move


class Ledger:
    """The alias of one registered model, its history and the move under way.

    `make` wants the lock that `settled` holds. Every method raises TrackingError when MLflow cannot be reached.
    """

    def __init__(self, store: Store, name: str, alias: str) -> None:
        self._store, self._name, self._alias = store, name, alias

    def carrier(self, alias: str) -> ModelVersion | None:
        """The version that carries an alias."""
        from mlflow.exceptions import MlflowException

        with translated(self._store.uri):
            try:
                return self._store.client.get_model_version_by_alias(self._name, alias)
            except MlflowException as error:
                if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    return None
                raise

    def history(self) -> list[Move]:
        """All moves, oldest first."""
        return [Move(**json.loads(text)) for _, text in sorted(self._entries().items())]

    @contextmanager
    def settled(self) -> Iterator[Intent | None]:
        """Hold the lock with no move under way; yields the one that a killed process had made and not written down."""
        with exclusive(self._store.lock.with_name(".registry.lock")):
            with translated(self._store.uri):
                finished = self._settle()
            yield finished

    def make(self, kind: Kind, to_version: str, why: str) -> Move:
        """Move the alias to another version, `previous` to the one that had it."""
        from_version = _number(self.carrier(self._alias))
        move = Move(_who(), datetime.now(UTC).isoformat(timespec="seconds"), from_version, to_version, why)
        number = max(self._entries(), default=0) + 1
        intent = Intent(kind, number, _number(self.carrier(PREVIOUS)), move)
        with translated(self._store.uri):
            client = self._store.client
            client.set_registered_model_tag(self._name, PENDING + self._alias, json.dumps(asdict(intent)))
            if from_version:
                client.set_registered_model_alias(self._name, PREVIOUS, from_version)
            client.set_registered_model_alias(self._name, self._alias, to_version)
            self._record(intent)
        return move

    def _settle(self) -> Intent | None:
        text = self._tags().get(PENDING + self._alias)
        if text is None:
            return None
        values = json.loads(text)
        intent = Intent(**{**values, "move": Move(**values["move"])})
        if _number(self.carrier(self._alias)) == intent.move.to_version:
            self._record(intent)
            return intent
        self._put_back(intent)
        return None

    def _put_back(self, intent: Intent) -> None:
        client = self._store.client
        if intent.previous:
            client.set_registered_model_alias(self._name, PREVIOUS, intent.previous)
        elif self.carrier(PREVIOUS) is not None:
            client.delete_registered_model_alias(self._name, PREVIOUS)
        client.delete_registered_model_tag(self._name, PENDING + self._alias)

    def _record(self, intent: Intent) -> None:
        client, entry = self._store.client, f"{self._alias}.{intent.number:04d}"
        client.set_registered_model_tag(self._name, entry, json.dumps(asdict(intent.move)))
        client.delete_registered_model_tag(self._name, PENDING + self._alias)

    def _entries(self) -> dict[int, str]:
        start = f"{self._alias}."
        return {int(name.removeprefix(start)): text for name, text in self._tags().items() if name.startswith(start)}

    def _tags(self) -> dict[str, Any]:
        from mlflow.exceptions import MlflowException

        with translated(self._store.uri):
            try:
                return dict(self._store.client.get_registered_model(self._name).tags)
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":  # nothing registered yet
                    return {}
                raise


def _number(version: ModelVersion | None) -> str:
    return "" if version is None else str(version.version)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "unknown"
