"""What all sections of params.yaml have in common: frozen, typed, and closed to unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ConfigSection(BaseModel):
    """A frozen section; an unknown key is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
