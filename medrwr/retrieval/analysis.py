"""How full text sees words: the same for passages and queries, whatever the store's own tokenizer would do.

Words are folded (case, accents), function words dropped, and neighbouring words joined to bigrams: "granular apical
ring" is granular, apical, ring, granular_apical, apical_ring. A passage that has a query's words in their order
then beats one that has them scattered (the ordered pairs of Metzler & Croft 2005, SIGIR, as extra index terms).
"""

from __future__ import annotations

import itertools
import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
# Function words only: no word that carries meaning in medicine ("no", "not", "without") is among them.
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by for from had has have he her his if in into is it its of on or our she "
        "such that the their then there these they this to was we were which will with you your",
    )
)


def analyse(text: str, *, bigrams: bool) -> str:
    """Index terms, separated by blanks.

    Example:
        >>> analyse("A granular apical ring", bigrams=True)
        'granular apical ring granular_apical apical_ring'
    """
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in folded if not unicodedata.combining(character))
    words = [word for word in _WORD.findall(plain) if word not in _FUNCTION_WORDS]
    pairs = [f"{first}_{second}" for first, second in itertools.pairwise(words)] if bigrams else []
    return " ".join(words + pairs)
