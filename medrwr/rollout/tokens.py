"""Between text and token ids (M4): inserted text is tokenised once, cut at the tags; sampled ids never again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from medrwr.errors import CheckpointError
from medrwr.rollout.protocol import Segment
from medrwr.rollout.tags import TAG, TAGS

_SPLIT = re.compile(f"({TAG.pattern})")
_LONGEST_CHARACTER = 4  # tokens that one UTF-8 character can be spread over
_CONTEXT = 4  # tokens before a piece that its text may depend on


@dataclass(frozen=True, slots=True)
class TokenisedSegments:
    """Ids and mask of equal length; mask 1 where the policy is the author. Each of `images` is one placeholder."""

    ids: tuple[int, ...]
    env_mask: tuple[int, ...]
    images: tuple[str, ...] = ()


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


def encode_segments(tokenizer: Any, segments: Sequence[Segment], picture: Sequence[int] = ()) -> TokenisedSegments:
    """The segments one after the other: what SFT trains on is tokenised as the engine tokenises.

    Args:
        picture: the ids that stand for an image, one placeholder among them.
    """
    ids: list[int] = []
    mask: list[int] = []
    for segment in segments:
        piece = list(picture) if segment.image else encode_text(tokenizer, segment.text)
        ids.extend(piece)
        mask.extend([int(segment.sampled)] * len(piece))
    images = tuple(segment.image for segment in segments if segment.image)
    return TokenisedSegments(tuple(ids), tuple(mask), images)


class PieceDecoder:
    """Decodes one stream of ids token by token; a character spread over several tokens comes out with the last one.

    The pieces joined are the text of the ids. With a byte-level tokenizer a token's text is its own; elsewhere
    (unigram, WordPiece) it depends on what stands before it, so a piece is what the token adds to the last few.
    """

    def __init__(self, tokenizer: Any, cache: dict[int, str]) -> None:
        """`cache` maps single ids to their text and may be shared by all streams of one tokenizer."""
        self._tokenizer = tokenizer
        self._cache = cache
        self._alone = is_byte_level(tokenizer)
        self._held: list[int] = []
        self._before: list[int] = []

    def feed(self, token: int) -> str:
        """The text that `token` completes, '' while a character is unfinished."""
        if self._alone and not self._held:
            piece = self._cache.get(token)
            if piece is None:
                piece = self._cache[token] = decode(self._tokenizer, [token])
            if "\ufffd" not in piece:
                return piece
        self._held.append(token)
        piece = self._added()
        if piece.endswith("\ufffd") and len(self._held) < _LONGEST_CHARACTER:
            return ""
        self._before = [*self._before, *self._held][-_CONTEXT:]
        self._held = []
        return piece

    def _added(self) -> str:
        if self._alone:
            return decode(self._tokenizer, self._held)
        before = decode(self._tokenizer, self._before)
        return decode(self._tokenizer, [*self._before, *self._held])[len(before) :]


def is_byte_level(tokenizer: Any) -> bool:
    """Whether each token's text is its own, whatever stands before it."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return type(getattr(backend, "decoder", None)).__name__ == "ByteLevel"


def check_tags(tokenizer: Any) -> None:
    """Verify that each tag comes back whole from the tokenizer.

    Raises:
        CheckpointError: it does not (a WordPiece tokenizer writes '< think >'), so no episode could be read.
    """
    broken = [tag for tag in TAGS if decode(tokenizer, encode_text(tokenizer, tag)).strip() != tag]
    if broken:
        raise CheckpointError(
            f"the tokenizer gives {decode(tokenizer, encode_text(tokenizer, broken[0]))!r} for {broken[0]!r}: add the "
            "protocol's tags to it (add_tokens of medrwr.rollout.tags.TAGS, not special), resize the model's "
            "embeddings, and let SFT teach them"
        )


def decode(tokenizer: Any, ids: Sequence[int]) -> str:
    """Exactly the text of `ids`: special tokens kept, spaces untouched."""
    text = tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    assert isinstance(text, str)
    return text
