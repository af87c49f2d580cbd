"""Text that others wrote becomes data (M5): nothing in it can open or close a block, or end the turn.

The search runs on a skeleton of the text: compatibility forms folded, look-alike letters and brackets mapped to
ASCII, invisible characters dropped. What matches there is replaced in the original by its words in parentheses;
everything else, "p < 0.05" for instance, stays as it is.
"""

from __future__ import annotations

import re
import unicodedata

_ANGLE_OPEN = "‹˂ᐸ❮〈〈⟨⧼≺❬❰⋖⟪«《"
_ANGLE_CLOSE = "›˃ᐳ❯〉〉⟩⧽≻❭❱⋗⟫»》"
_HOMOGLYPHS = str.maketrans(
    _ANGLE_OPEN + _ANGLE_CLOSE + "⁄∕⧸╱|∣│ǀ⏐¦аеорсухіѕһԛԝԁґνοειυκτηαωɡɩıⅼ",
    "<" * len(_ANGLE_OPEN) + ">" * len(_ANGLE_CLOSE) + "////" + "||||||" + "aeopcyxishqwdrvoeiukthawgiil",
)
_NAMES = "think|query|retrieve|answer|s|pad|unk|bos|eos|image|video|tool_call|tool_response|(?:start|end)_of_turn"
_MARKER = re.compile(
    rf"<\s*/?\s*(?:{_NAMES})\s*/?\s*>"  # the protocol's tags and other models' markers
    r"|<\s*\|[^<>|]{0,40}\|\s*>|<\s*\||\|\s*>"  # <|im_start|> and halves of it
    r"|\[\s*/?\s*inst\s*\]|<\s*<\s*/?\s*sys\s*>\s*>"
)
_PLAIN = re.compile(r"[^<>|\[]*")
_INVISIBLE = {"Cf", "Cc", "Cs", "Co", "Mn", "Me"}


def neutralise(text: str) -> str:
    """Make `text` safe to insert: markers become words in parentheses, white space is one blank, controls are gone.

    Idempotent. Line breaks go too: an inserted text is one line, so no line of it can pose as a role's.
    """
    text = " ".join(_drop_controls(text).split())
    if text.isascii() and _PLAIN.fullmatch(text):
        return text
    while True:
        skeleton, origins = _skeleton(text)
        spans = [match.span() for match in _MARKER.finditer(skeleton)]
        if not spans:
            return text
        for start, end in reversed(spans):
            words = "".join(re.findall(r"[\w ]+", skeleton[start:end])).strip()
            replacement = f"({words})" if words else " "
            text = text[: origins[start]] + replacement + text[origins[end - 1] + 1 :]
        text = " ".join(text.split())


def _drop_controls(text: str) -> str:
    """Without format, control and surrogate characters (no use in prose, and a way to hide a tag)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if unicodedata.category(c) not in {"Cf", "Cc", "Cs"} else " " if c in "\n\r\t\v\f" else "" for c in text
    )


def _skeleton(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the index in `text` that it came from."""
    folded: list[str] = []
    origins: list[int] = []
    for index, character in enumerate(text):
        mapped = unicodedata.normalize("NFKD", character.translate(_HOMOGLYPHS)).casefold().translate(_HOMOGLYPHS)
        for part in mapped:
            if unicodedata.category(part) not in _INVISIBLE:
                folded.append(part)
                origins.append(index)
    return "".join(folded), origins
