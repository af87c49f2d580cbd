"""MedCAT (Kraljevic et al. 2021, doi:10.1016/j.artmed.2021.102083) over a dictionary; it downloads no model."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from medrwr.entities.cache import TextCache
from medrwr.errors import ArtefactError
from medrwr.knowledge_base.terms import Term


class MedcatRecogniser:
    """An `EntityRecogniser`. Of names inside each other the longest counts. Answers are kept: texts come again."""

    def __init__(self, cat: Any, concepts: dict[str, str]) -> None:
        """`concepts`: MedCAT's ids, which are upper case, -> ours; others stay. Use `from_terms`, `from_model_pack`."""
        self._cat = cat
        self._concepts = concepts
        self._cache = TextCache(lambda texts: [self._find(text) for text in texts])

    @classmethod
    def from_terms(cls, terms: Iterable[Term]) -> MedcatRecogniser:
        """Build from names and their concepts; takes about a second.

        Raises:
            ArtefactError: there is no term.
        """
        import numpy as np
        import pandas as pd
        from medcat.cat import CAT
        from medcat.config import Config
        from medcat.model_creation.cdb_maker import CDBMaker
        from medcat.vocab import Vocab

        chosen = sorted(set(terms))
        if not chosen:
            raise ArtefactError("the dictionary of clinical terms is empty: does any document name its terms?")
        for name in ("medcat", "medcat.cat", "medcat.cdb", "medcat.model_creation.cdb_maker"):
            logging.getLogger(name).setLevel(logging.ERROR)
        config = Config()
        config.general.nlp.provider = "regex"
        config.general.spell_check = False
        table = pd.DataFrame({"cui": [term.concept for term in chosen], "name": [term.name for term in chosen]})
        tables: Any = [table]  # its annotation knows file names only
        base = CDBMaker(config).prepare_csvs(tables)
        vocabulary = Vocab()
        for word in sorted({word for term in chosen for word in term.name.lower().split()}):
            vocabulary.add_word(word, cnt=1, vec=np.ones(4))
        return cls(CAT(base, vocabulary, config), {term.concept.upper(): term.concept for term in chosen})

    @classmethod
    def from_model_pack(cls, path: Path) -> MedcatRecogniser:
        """Open an existing MedCAT model pack (a folder or a zip file); concept ids are the pack's own (UMLS CUIs).

        Raises:
            ArtefactError: there is none.
        """
        from medcat.cat import CAT

        if not path.exists():
            raise ArtefactError(f"there is no MedCAT model pack at {path}: give the folder or zip file of one")
        return cls(CAT.load_model_pack(str(path)), {})

    def recognise(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """As the protocol says; each distinct text is looked at once."""
        return self._cache.look_up(texts)

    def _find(self, text: str) -> frozenset[str]:
        if not text.strip():
            return frozenset()  # MedCAT's answer to a blank text lacks the key
        entities = self._cat.get_entities(text)["entities"].values()
        return frozenset(self._concepts.get(str(e["cui"]).upper(), str(e["cui"])) for e in entities)
