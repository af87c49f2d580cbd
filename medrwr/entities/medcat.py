"""MedCAT (Kraljevic et al. 2021, doi:10.1016/j.artmed.2021.102083) over a dictionary; it downloads no model."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

from medrwr.errors import ArtefactError
from medrwr.knowledge_base.terms import Term

_CACHED_TEXTS = 100_000


class MedcatRecogniser:
    """An `EntityRecogniser`. Of names inside each other the longest counts. Answers are kept: texts come again."""

    def __init__(self, cat: Any, concepts: dict[str, str]) -> None:
        """`concepts`: MedCAT's ids, which are upper case, -> ours. Use `from_terms`."""
        self._cat = cat
        self._concepts = concepts
        self._known: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._lock = threading.Lock()

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

    def recognise(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """As the protocol says; each distinct text is looked at once."""
        with self._lock:
            for text in dict.fromkeys(texts):
                if text in self._known:
                    self._known.move_to_end(text)
                else:
                    self._known[text] = self._find(text)
            found = [self._known[text] for text in texts]
            while len(self._known) > _CACHED_TEXTS:
                self._known.popitem(last=False)
        return found

    def _find(self, text: str) -> frozenset[str]:
        if not text.strip():
            return frozenset()  # MedCAT's answer to a blank text lacks the key
        entities = self._cat.get_entities(text)["entities"].values()
        return frozenset(self._concepts[str(entity["cui"]).upper()] for entity in entities)
