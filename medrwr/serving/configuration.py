"""What a registered version carries instead of weights: references to artefacts, and the settings they go with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from medrwr.config import Params, parse
from medrwr.errors import ArtefactError
from medrwr.serving.references import Reference

# The sections that answering a question depends on.
SECTIONS = ("base", "base_model", "rollout", "rewards", "index", "case_index")


@dataclass(frozen=True, slots=True)
class ServingConfig:
    """The model config of an MLflow version. `workspace` is where it was registered; `index` replaces the index."""

    references: tuple[Reference, ...]
    settings: Mapping[str, Any]
    workspace: str = "."
    index: str = ""

    @property
    def params(self) -> Params:
        """The settings as frozen sections."""
        return parse(self.settings)

    @property
    def workspaces(self) -> tuple[Path, ...]:
        """Where artefacts are looked for: where the version was registered, then the current folder."""
        return tuple(dict.fromkeys((Path(self.workspace).resolve(), Path.cwd())))

    def reference(self, name: str) -> Reference:
        """The artefact called `name`.

        Raises:
            ArtefactError: this version has none.
        """
        for reference in self.references:
            if reference.name == name:
                return reference
        raise ArtefactError(f"this model version names no {name}: register it again (`dvc repro --force register`)")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for MLflow's `model_config`."""
        return {**asdict(self), "references": [asdict(reference) for reference in self.references]}


def settings_of(params: Params) -> dict[str, Any]:
    """The sections of `params` that answering depends on, as plain values."""
    values = params.model_dump(mode="json")
    return {section: values[section] for section in SECTIONS}


def read_config(values: Mapping[str, Any]) -> ServingConfig:
    """A configuration from MLflow's `model_config`.

    Raises:
        ArtefactError: a field is missing or of another type.
    """
    try:
        return TypeAdapter(ServingConfig).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ArtefactError(f"the model's configuration cannot be read ({reason}): register it again") from None
