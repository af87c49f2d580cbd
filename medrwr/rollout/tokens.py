"""Between text and token ids (M4): inserted text is tokenised once, cut at the tags; sampled ids never again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from medrwr.rollout.protocol import Segment
from medrwr.rollout.tags import TAG

_SPLIT = re.compile(f"({TAG.pattern})")
_LONGEST_CHARACTER = 4  # tokens that one UTF-8 character can be spread over


@dataclass(frozen=True, slots=True)
class TokenisedSegments:
    """Ids and mask of equal length; mask 1 where the policy is the author."""

    ids: tuple[int, ...]
    env_mask: tuple[int, ...]


def encode_text(tokenizer: Any, text: str) -> list[int]:
    """Token ids of `text`, each tag on its own, so that no tag merges with what stands beside it.

    The tags may be one added token each or several ordinary ones. Text that came from elsewhere must have been
    neutralised: this function believes in the tags that it sees.
    """
    ids: list[int] = []
    for part in _SPLIT.split(text):
        if part:
            ids.extend(tokenizer.encode(part, add_special_tokens=False))
    return ids


def encode_segments(tokenizer: Any, segments: Sequence[Segment]) -> TokenisedSegments:
    """The segments one after the other: what SFT trains on is tokenised as the engine tokenises."""
    ids: list[int] = []
    mask: list[int] = []
    for segment in segments:
        piece = encode_text(tokenizer, segment.text)
        ids.extend(piece)
        mask.extend([int(segment.sampled)] * len(piece))
    return TokenisedSegments(tuple(ids), tuple(mask))


class PieceDecoder:
    """Decodes one stream of ids token by token; a character spread over several tokens comes out with the last one."""

    def __init__(self, tokenizer: Any, cache: dict[int, str]) -> None:
        """`cache` maps single ids to their text and may be shared by all streams of one tokenizer."""
        self._tokenizer = tokenizer
        self._cache = cache
        self._held: list[int] = []

    def feed(self, token: int) -> str:
        """The text that `token` completes, '' while a character is unfinished."""
        if not self._held:
            piece = self._cache.get(token)
            if piece is None:
                piece = self._cache[token] = decode(self._tokenizer, [token])
            if "\ufffd" not in piece:
                return piece
        self._held.append(token)
        piece = decode(self._tokenizer, self._held)
        if piece.endswith("\ufffd") and len(self._held) < _LONGEST_CHARACTER:
            return ""
        self._held = []
        return piece


def decode(tokenizer: Any, ids: Sequence[int]) -> str:
    """Exactly the text of `ids`: special tokens kept, spaces untouched."""
    text = tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    assert isinstance(text, str)
    return text
