"""Who is who in the clinic: in a modality a sign means one condition, with its treatment, complication and marker."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from medrwr.clinic import vocabulary as words
from medrwr.config import ClinicSettings
from medrwr.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Sign:
    """What an image shows: a texture at a location in a shape, e.g. 'granular apical ring'."""

    texture: str
    location: str
    shape: str

    def __str__(self) -> str:
        return f"{self.texture} {self.location} {self.shape}"


ALL_SIGNS = tuple(Sign(t, loc, s) for t, loc, s in itertools.product(words.TEXTURES, words.LOCATIONS, words.SHAPES))
ALL_NAMES = tuple(stem + suffix for stem in words.CONDITION_STEMS for suffix in words.CONDITION_SUFFIXES)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition and its facts. `role` is train, calibration or test: which questions may ask about it."""

    name: str
    modality: str
    sign: Sign
    mechanism: str
    treatment: str
    complication: str
    marker: str
    role: str

    @property
    def phrase(self) -> str:
        """'granular apical ring on echocardiography': what the knowledge base says, and what one should ask for."""
        return f"{self.sign} on {self.modality}"

    def fact(self, kind: str) -> str:
        """The answer to a question of this kind."""
        return {"treatment": self.treatment, "complication": self.complication, "marker": self.marker}[kind]

    def fact_id(self, kind: str) -> str:
        return f"{self.name}:{kind}"


@dataclass(frozen=True, slots=True)
class Ontology:
    """All conditions, and the names that no condition carries (free for drills)."""

    conditions: tuple[Condition, ...]
    free_names: tuple[str, ...]
    held_out_modality: str

    def of(self, role: str, *, held_out: bool | None = None) -> list[Condition]:
        """Conditions of one role; `held_out` narrows to the held-out modality, or to the others."""
        return [
            c
            for c in self.conditions
            if c.role == role and (held_out is None or (c.modality == self.held_out_modality) == held_out)
        ]

    def neighbours(self, condition: Condition, *, shared: int = 2) -> list[Condition]:
        """Other conditions of the same modality whose signs share at least `shared` attributes."""
        return [c for c in self.conditions if c is not condition and _shared(c, condition) >= shared]


def _shared(one: Condition, other: Condition) -> int:
    if one.modality != other.modality:
        return 0
    a, b = one.sign, other.sign
    return (a.texture == b.texture) + (a.location == b.location) + (a.shape == b.shape)


def _role(position: int, count: int) -> str:
    """60% train, 15% calibration, 25% test, by position in a shuffled list."""
    share = (position + 0.5) / count
    return "train" if share < 0.60 else "calibration" if share < 0.75 else "test"


def build_ontology(settings: ClinicSettings, *, seed: int) -> Ontology:
    """The same settings and seed give the same world. The held-out modality's conditions are all for test.

    Raises:
        ConfigError: more conditions are asked for than there are signs or names, or an unknown modality.
    """
    if settings.held_out_modality not in words.MODALITIES:
        raise ConfigError(
            f"clinic.held_out_modality = {settings.held_out_modality!r}: expected one of {', '.join(words.MODALITIES)}"
        )
    most = max(settings.conditions_per_modality, settings.held_out_conditions)
    total = settings.conditions_per_modality * (len(words.MODALITIES) - 1) + settings.held_out_conditions
    if most > len(ALL_SIGNS) or total > len(ALL_NAMES) - 40:
        raise ConfigError(
            f"clinic asks for {total} conditions, {most} in one modality: at most {len(ALL_NAMES) - 40} names and "
            f"{len(ALL_SIGNS)} signs a modality exist: lower clinic.conditions_per_modality or held_out_conditions"
        )
    rng = random.Random(f"ontology:{seed}")
    names = rng.sample(ALL_NAMES, len(ALL_NAMES))
    conditions: list[Condition] = []
    for modality in words.MODALITIES:
        held_out = modality == settings.held_out_modality
        count = settings.held_out_conditions if held_out else settings.conditions_per_modality
        for position, sign in enumerate(rng.sample(ALL_SIGNS, count)):
            role = "test" if held_out else _role(position, count)
            conditions.append(
                Condition(
                    name=names[len(conditions)],
                    modality=modality,
                    sign=sign,
                    mechanism=rng.choice(words.MECHANISMS),
                    treatment=rng.choice(words.TREATMENTS),
                    complication=rng.choice(words.COMPLICATIONS),
                    marker=rng.choice(words.MARKERS),
                    role=role,
                )
            )
    return Ontology(tuple(conditions), tuple(names[len(conditions) :]), settings.held_out_modality)
