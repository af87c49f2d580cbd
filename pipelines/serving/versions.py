"""Versions to serve: what an alias of the registry names, one version of it, or a checkpoint of this workspace."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrwr.config import Params
from medrwr.digests import file_digest, folder_digest
from medrwr.errors import ArtefactError, ConfigError
from medrwr.records import read_records
from medrwr.serving.http.versions import Example, Opened, VersionKey
from medrwr.serving.opening import Parts, index_at, open_parts
from medrwr.serving.references import CHECKPOINT, INDEX
from medrwr.types import Question
from pipelines.paths import Paths
from pipelines.tracking.store import Store, translated
from pipelines.versions import references_of

EXAMPLES = 4


@dataclass(frozen=True, slots=True)
class RegistryVersions:
    """The version that `models:/name@alias` or `models:/name/version` is; `index`: another index than its own."""

    store: Store
    name: str
    alias: str = ""
    version: str = ""
    index: Path | None = None

    def newest(self) -> VersionKey:
        """Raises:
        TrackingError: MLflow cannot be reached, or there is no such version.
        """
        found = self._found()
        if self.index is not None:
            return VersionKey(self.name, str(found.version), file_digest(index_at(self.index).manifest))
        return VersionKey(self.name, str(found.version), self._digests(found)[INDEX])

    def open(self, key: VersionKey) -> Opened:
        """Raises:
        ArtefactError: an artefact is missing or another one.
        TrackingError: MLflow cannot be reached.
        """
        override = {"index": str(self.index.resolve())} if self.index is not None else None
        with translated(self.store.uri):
            import mlflow

            found = self.store.client.get_model_version(key.name, key.version)
            loaded = mlflow.pyfunc.load_model(f"models:/{key.name}/{key.version}", model_config=override)
            shown = loaded.input_example
        answerer = loaded.unwrap_python_model().answerer
        return Opened(key, self._digests(found)[CHECKPOINT], answerer, examples_of(Paths()) or _given(shown))

    def _found(self) -> Any:
        with translated(self.store.uri):
            if self.alias:
                return self.store.client.get_model_version_by_alias(self.name, self.alias)
            return self.store.client.get_model_version(self.name, self.version)

    def _digests(self, version: Any) -> dict[str, str]:
        digests = {reference.name: reference.sha256 for reference in references_of(version)}
        if not {CHECKPOINT, INDEX} <= digests.keys():
            raise ArtefactError(
                f"version {version.version} of {self.name} names no checkpoint or no index: "
                "register it again (`dvc repro --force register`)"
            )
        return digests


@dataclass(frozen=True, slots=True)
class FolderVersions:
    """A checkpoint folder of this workspace, over the workspace's index or another; without a second look."""

    checkpoint: Path
    params: Params
    index: Path

    def newest(self) -> VersionKey:
        """Raises:
        ArtefactError: checkpoint or index are missing.
        """
        manifest = index_at(self.index).manifest
        return VersionKey(self.checkpoint.name, folder_digest(self.checkpoint)[:12], file_digest(manifest))

    def open(self, key: VersionKey) -> Opened:
        """Raises:
        CheckpointError: the checkpoint is incomplete.
        """
        parts = Parts(self.checkpoint, Paths().encoders, index_at(self.index))
        return Opened(key, folder_digest(self.checkpoint), open_parts(parts, self.params), examples_of(Paths()))


def parse_uri(uri: str, store: Store, index: Path | None) -> RegistryVersions:
    """`models:/name@alias` or `models:/name/version`.

    Raises:
        ConfigError: another kind of address.
    """
    rest = uri.removeprefix("models:/")
    name, at, alias = rest.partition("@")
    if uri.startswith("models:/") and at and name and alias:
        return RegistryVersions(store, name, alias=alias, index=index)
    name, slash, version = rest.partition("/")
    if uri.startswith("models:/") and slash and name and version.isdigit():
        return RegistryVersions(store, name, version=version, index=index)
    raise ConfigError(f"--model {uri} is neither a folder nor models:/NAME@ALIAS or models:/NAME/VERSION")


def examples_of(paths: Paths) -> tuple[Example, ...]:
    """The first questions of the workspace's test split, images first; none where there is no such split."""
    file = paths.questions("test")
    if not file.exists():
        return ()
    questions, _ = read_records(file, Question)
    pictured = [one for one in questions if one.images][: EXAMPLES - 1]
    plain = [one for one in questions if not one.images][:1]
    return tuple(Example(one.text, one.options, _data_url(paths, one)) for one in (*pictured, *plain))


def _data_url(paths: Paths, question: Question) -> str:
    if not question.images:
        return ""
    content = (paths.clinic / question.images[0]).read_bytes()
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _given(table: Any) -> tuple[Example, ...]:
    """The example that was registered with the version."""
    if table is None:
        return ()
    rows = table.to_dict("records")
    return tuple(
        Example(str(row["question"]), tuple(map(str, row["options"])), f"data:image/png;base64,{row['image']}")
        for row in rows
    )


def champion_uri(params: Params) -> str:
    """The address of what the registry's alias names."""
    return f"models:/{params.register_.model_name}@{params.register_.alias}"
