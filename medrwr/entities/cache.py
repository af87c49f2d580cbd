"""What was found in a text is kept: the texts of a group, and of a training set, come again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

_CACHED_TEXTS = 100_000


class TextCache:
    """Answers by text, the least recently asked forgotten first; may be shared by threads."""

    def __init__(
        self, find: Callable[[Sequence[str]], Sequence[frozenset[str]]], *, capacity: int = _CACHED_TEXTS
    ) -> None:
        """`find` is asked for all new texts of a call at once, each distinct one once."""
        self._find = find
        self._capacity = capacity
        self._known: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._lock = threading.Lock()

    def look_up(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """The answer for each text, in order."""
        with self._lock:
            distinct = list(dict.fromkeys(texts))
            new = [text for text in distinct if text not in self._known]
            if new:
                self._known.update(zip(new, self._find(new), strict=True))
            for text in distinct:
                self._known.move_to_end(text)
            found = [self._known[text] for text in texts]
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return found
