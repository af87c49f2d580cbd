"""What an entity recogniser is, and where its dictionary comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from medrwr.errors import ArtefactError
from medrwr.knowledge_base.terms import Term
from medrwr.records import read_records


class EntityRecogniser(Protocol):
    """Finds clinical concepts."""

    def recognise(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """The concept ids in each text; empty where there are none."""


def read_terms(paths: Iterable[Path]) -> list[Term]:
    """The dictionaries (terms.jsonl) of several sources as one, sorted, each term once.

    Raises:
        ArtefactError: a file is missing or has a broken line.
    """
    terms: set[Term] = set()
    for path in paths:
        found, bad = read_records(path, Term)
        if bad:
            raise ArtefactError(f"{path} is damaged ({bad[0].reason}): run `dvc repro knowledge_base`")
        terms.update(found)
    return sorted(terms)
