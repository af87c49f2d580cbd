"""The dictionary of clinical terms that the entity recogniser knows (M17): names, each with its concept.

A concept is called after its preferred name. A name that is one concept's preferred name belongs to that concept
alone; a synonym that several concepts claim says nothing and is left out, as are names of fewer than 3 characters.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from medrwr.types import Document

_SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """One name of one concept, as in terms.jsonl."""

    concept: str
    name: str


def concept_id(name: str) -> str:
    """A stable id from a concept's preferred name.

    Example:
        >>> concept_id("Granular apical ring")
        'granular-apical-ring'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def collect_terms(documents: Iterable[Document]) -> list[Term]:
    """Terms of all documents, sorted; the same documents in another order give the same terms."""
    return terms_of(names for document in documents for names in document.terms)


def terms_of(concepts: Iterable[tuple[str, ...]]) -> list[Term]:
    """Terms of concepts, each given by its names, the preferred one first."""
    groups = {names for names in concepts if names and concept_id(names[0])}
    preferred = {concept_id(names[0]) for names in groups}
    claims: dict[str, set[str]] = defaultdict(set)
    spelling: dict[str, set[str]] = defaultdict(set)
    for names in groups:
        for name in names:
            key = concept_id(name)
            claims[key].add(concept_id(names[0]))
            spelling[key].add(" ".join(name.split()))
    return sorted(
        Term(key if key in preferred else next(iter(claims[key])), min(spelling[key]))
        for key in claims
        if len(key) >= _SHORTEST_NAME and (key in preferred or len(claims[key]) == 1)
    )
