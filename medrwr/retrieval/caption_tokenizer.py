"""A word tokenizer made from the captions that an image encoder is trained on.

Ids: 0 pad, 1 start, 2 unknown, the words, and last the end token: open_clip's text tower reads its state at the
highest id. Words that no caption has become "unknown", which training scatters over captions as something to ignore.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, START, UNKNOWN = 0, 1, 2
SPECIAL = 3  # words begin here
_ROOM = 12  # queries say more than captions


def build_caption_tokenizer(captions: Iterable[str]) -> Tokenizer:
    """Lower-cased words; every row is padded or truncated to one length, start and end included."""
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import NFKC, Lowercase, Sequence
    from tokenizers.pre_tokenizers import Split
    from tokenizers.processors import TemplateProcessing

    split = [re.findall(r"\w+", caption.lower()) for caption in captions]
    words = sorted({word for caption in split for word in caption})
    names = ["<pad>", "<start>", "<unknown>", *words, "<end>"]
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unknown>"))
    tokenizer.normalizer = Sequence([NFKC(), Lowercase()])
    tokenizer.pre_tokenizer = Split(Regex(r"[^\w]+"), "removed")
    ends = [("<start>", START), ("<end>", vocabulary["<end>"])]
    tokenizer.post_processor = TemplateProcessing(single="<start> $A <end>", special_tokens=ends)
    length = max(len(caption) for caption in split) + 2 + _ROOM
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_id=PAD, pad_token="<pad>")
    return tokenizer
