"""Three families of tokenizers, trained here: byte-level BPE, unigram and WordPiece; each can be a policy's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from medrwr.policy import tiny

FAMILIES = ("bpe", "wordy bpe", "unigram", "wordpiece")
ALPHABET = sorted({chr(code) for code in range(33, 127)} | set("é漢µ—"))


def _wrapped(tokenizer: Any) -> Any:
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast

    make: Any = PreTrainedTokenizerFast
    wrapped = make(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", unk_token="[UNK]")
    wrapped.add_tokens([AddedToken(t, special=True, normalized=False) for t in tiny.CHAT_TOKENS])
    wrapped.add_tokens([AddedToken(t, special=False, normalized=False) for t in tiny.PROTOCOL_TAGS])
    wrapped.padding_side = "left"
    return wrapped


def train_unigram(corpus: Iterable[str], *, vocab_size: int) -> Any:
    """SentencePiece's kind: blanks are part of the words, unknown characters become bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    trainer = trainers.UnigramTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|endoftext|>", "[UNK]"],
        unk_token="[UNK]",
        initial_alphabet=[*ALPHABET, "▁"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return _wrapped(tokenizer)


def train_wordpiece(corpus: Iterable[str], *, vocab_size: int) -> Any:
    """BERT's kind, cased: blanks are lost and put back between words, punctuation stands alone."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|endoftext|>", "[UNK]"],
        initial_alphabet=ALPHABET,
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return _wrapped(tokenizer)


TRAINERS = {
    "bpe": tiny.train_tokenizer,
    "wordy bpe": tiny.train_tokenizer,
    "unigram": train_unigram,
    "wordpiece": train_wordpiece,
}
