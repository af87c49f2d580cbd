"""An existing spaCy or scispaCy pipeline as entity recogniser (M17), with its UMLS linker where it has one.

scispaCy (Neumann et al. 2019, arXiv:1902.07669) is not installed with medrwr; a pipeline's folder or name is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from medrwr.entities.cache import TextCache
from medrwr.errors import ArtefactError

_BATCH = 64


class SpacyRecogniser:
    """Concept ids are the linker's best candidate; without a linker, the pipeline's own ids, else the folded words."""

    def __init__(self, pipeline: Any) -> None:
        """`pipeline`: a loaded spaCy `Language`. Use `open`."""
        self._pipeline = pipeline
        self._cache = TextCache(self._find)

    @classmethod
    def open(cls, name: str) -> SpacyRecogniser:
        """Load a pipeline by its package's name or from its folder.

        Raises:
            ArtefactError: spaCy, or the pipeline, is not there.
        """
        try:
            import spacy

            return cls(spacy.load(name))
        except ImportError as error:
            raise ArtefactError(
                f"spaCy pipeline {name!r} needs a package that is missing: install it ({error})"
            ) from error
        except OSError as error:
            raise ArtefactError(
                f"there is no spaCy pipeline {name!r}: install its package, or name a folder"
            ) from error

    def recognise(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """As the protocol says; each distinct text is looked at once, new ones in batches."""
        return self._cache.look_up(texts)

    def _find(self, texts: Sequence[str]) -> list[frozenset[str]]:
        documents = self._pipeline.pipe(texts, batch_size=_BATCH)
        return [frozenset(_concept(entity) for entity in document.ents) for document in documents]


def _concept(entity: Any) -> str:
    linked = getattr(entity._, "kb_ents", None) if entity.has_extension("kb_ents") else None
    if linked:
        return str(linked[0][0])
    return str(entity.ent_id_ or entity.kb_id_ or " ".join(entity.text.lower().split()))
