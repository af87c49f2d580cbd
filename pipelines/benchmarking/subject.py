"""What is evaluated: a checkpoint of this workspace, or a version of the registry, opened and named by digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from medrwr.config import Params
from medrwr.digests import file_digest, folder_digest
from medrwr.errors import ConfigError
from medrwr.serving.answering import Answerer
from medrwr.serving.configuration import ServingConfig, read_config, settings_of
from medrwr.serving.opening import Parts, index_at, open_parts
from medrwr.serving.references import CHECKPOINT, INDEX
from pipelines.paths import Paths
from pipelines.tracking.store import open_store

CALIBRATION = "calibration"


class Named(Protocol):
    """What a run is of: `digests` name its parts, `settings` are those that answers depend on; `note` is for people."""

    @property
    def name(self) -> str: ...
    @property
    def digests(self) -> Mapping[str, str]: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """A model that answers."""

    name: str
    answerer: Answerer
    digests: Mapping[str, str]
    settings: Mapping[str, Any]
    note: str = ""


def open_subject(model: str | None, index: Path | None, params: Params) -> Subject:
    """A checkpoint's folder, `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or None: what the alias names.

    Raises:
        ConfigError: neither a folder nor such an address.
        ArtefactError: a part is missing, or of another make.
        TrackingError: MLflow cannot be reached, or there is no such version.
    """
    if model is not None and Path(model).is_dir():
        return _folder(Path(model), index or Paths().index, params)
    if model is not None and ":/" not in model:
        raise ConfigError(f"--model {model} is neither a folder nor models:/NAME@ALIAS or models:/NAME/VERSION")
    return _version(model, index, params)


def _folder(checkpoint: Path, index: Path, params: Params) -> Subject:
    located = index_at(index)
    answerer = open_parts(Parts(checkpoint, Paths().encoders, located), params)
    digests = {CHECKPOINT: folder_digest(checkpoint), INDEX: file_digest(located.manifest)}
    note = "a checkpoint's folder carries no calibration: no second look, confidence as the policy gives it"
    return Subject(str(checkpoint), answerer, digests, settings_of(params), note)


def _version(uri: str | None, index: Path | None, params: Params) -> Subject:
    from pipelines.cli.ask import champion_uri, load_version

    store = open_store(Path())
    uri = uri or champion_uri(store, params.register_)
    override = {"index": str(index.resolve())} if index is not None else None
    loaded = load_version(uri, override, store)
    config = read_config(loaded.model_config)
    answerer = loaded.unwrap_python_model().answerer
    note = "" if answerer.second_look else "another index than the calibration's: no second look, confidence as it is"
    return Subject(_numbered(uri, loaded), answerer, _digests(config, index), dict(config.settings), note)


def _digests(config: ServingConfig, index: Path | None) -> dict[str, str]:
    digests = {reference.name: reference.sha256 for reference in config.references}
    if index is None:
        return digests
    return {CHECKPOINT: digests[CHECKPOINT], INDEX: file_digest(index_at(index).manifest)}


def _numbered(uri: str, loaded: Any) -> str:
    """The address with what it stood for: an alias moves."""
    run_id = getattr(loaded.metadata, "run_id", None)
    return f"{uri} (run {run_id})" if run_id else uri
