"""The rules that every curated item keeps (M12), one function each: a reason to reject it, or nothing.

A reason names the rule first, so that rejections can be counted by kind.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from medrwr.curation.items import CaseRecord, DraftItem
from medrwr.curation.language import language_of
from medrwr.curation.words import content_words, said_words, share_of

MOST_OPTIONS = 4
_LEAKED_SHARE = 0.5  # of the words of a finding, in the question
_SUPPORTED_SHARE = 0.5  # of the words of the right option, in the conclusion
_COMMON_SHARE = 0.1  # of the captions: a word in more of them is no fact about one case
_LOPSIDED = 1.6  # times the longest wrong option


@dataclass(frozen=True, slots=True)
class Draft:
    """One item with what it was made from; `telling`: the words by which the archive's cases differ."""

    caption: str
    record: CaseRecord
    item: DraftItem
    telling: frozenset[str]


def telling_words(captions: Iterable[str]) -> frozenset[str]:
    """The words by which the cases of an archive differ: those of some captions, but not of many."""
    texts = [set(content_words(caption)) for caption in captions]
    counts = Counter(word for text in texts for word in text)
    most = max(1, int(_COMMON_SHARE * len(texts)))
    return frozenset(word for word, count in counts.items() if count <= most)


Rule = Callable[[Draft], str]


def why_empty(record: CaseRecord) -> str:
    """A reason when there is nothing to ask for, or nothing seen that it follows from."""
    if not content_words(record.conclusion):
        return "empty: the case says no conclusion"
    return "" if content_words(record.observation) else "empty: the case says nothing that is seen"


def check_options(draft: Draft) -> str:
    """Two to four options that differ in words, and an answer among them."""
    options, answer = draft.item.options, draft.item.answer
    if not 2 <= len(options) <= MOST_OPTIONS:
        return f"options: {len(options)} of them, expected 2 to {MOST_OPTIONS}"
    if not 0 <= answer < len(options):
        return f"options: answer {answer} is outside of {len(options)} options"
    said = [tuple(said_words(option)) for option in options]
    if not all(said) or len(set(said)) < len(said):
        return "options: one is empty, or two say the same"
    return ""


def check_support(draft: Draft) -> str:
    """The right option is the conclusion's, and no other option is."""
    conclusion = content_words(draft.record.conclusion)
    options = [content_words(option) for option in draft.item.options]
    right = options[draft.item.answer]
    supported, covered = share_of(right, conclusion), share_of(conclusion, right)
    if supported < _SUPPORTED_SHARE:
        return f"support: {supported:.0%} of the right option's words are in the conclusion"
    for option in options[: draft.item.answer] + options[draft.item.answer + 1 :]:
        narrower, wider = share_of(option, conclusion), share_of(conclusion, option)
        if narrower >= max(supported, _SUPPORTED_SHARE) or wider >= max(covered, _SUPPORTED_SHARE):
            return "support: the conclusion supports a second option as well"
    return ""


def check_leak(draft: Draft) -> str:
    """The question gives away neither what is seen nor the answer (what the clinical information says is no secret)."""
    given = set(content_words(draft.record.clinical_information))
    asked = set(content_words(draft.item.question)) - given
    for name, text in (("observation", draft.record.observation), ("answer", draft.item.options[draft.item.answer])):
        secret = [word for word in content_words(text) if word not in given]
        telling = [word for word in secret if word in draft.telling] or secret
        if share_of(telling, asked) >= _LEAKED_SHARE:
            return f"leak: the question holds the {name}"
    return ""


def check_facts(draft: Draft) -> str:
    """Nothing told as a fact of this case is a fact of another one only."""
    record, item = draft.record, draft.item
    parts = (record.clinical_information, record.observation, record.analysis, record.conclusion)
    told = " ".join((*parts, item.question, item.options[item.answer], item.explanation))
    invented = sorted((set(content_words(told)) & draft.telling) - set(content_words(draft.caption)))
    return f"invented: {', '.join(invented[:3])} is not in the caption" if invented else ""


def check_explanation(draft: Draft) -> str:
    """The explanation names the right option."""
    share = share_of(content_words(draft.item.options[draft.item.answer]), content_words(draft.item.explanation))
    return "" if share >= _SUPPORTED_SHARE else "explanation: it does not come to the right option"


def check_balance(draft: Draft) -> str:
    """The right option does not stick out by its length."""
    lengths = [len(option) for option in draft.item.options]
    right = lengths.pop(draft.item.answer)
    if right > _LOPSIDED * max(lengths) or right * _LOPSIDED < min(lengths):
        return f"balance: the right option has {right} characters, the others {min(lengths)} to {max(lengths)}"
    return ""


def check_language(draft: Draft) -> str:
    """Question and explanation are in the caption's language and script."""
    source = language_of(draft.caption)
    for name, text in (("question", draft.item.question), ("explanation", draft.item.explanation)):
        found = language_of(text)
        if "" not in (source, found) and found != source:
            return f"language: the {name} is {found}, the caption {source}"
    return ""


def check_characters(draft: Draft) -> str:
    """No control characters, and no marks of the protocol's blocks."""
    text = " ".join((draft.item.question, *draft.item.options, draft.item.explanation))
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        return "characters: a control character"
    return "characters: an angle bracket pair" if "<" in text and ">" in text else ""


RULES: tuple[Rule, ...] = (
    check_options,
    check_characters,
    check_language,
    check_support,
    check_leak,
    check_facts,
    check_explanation,
    check_balance,
)


def reason_against(draft: Draft) -> str:
    """The first rule that the item breaks; '' for a good one. Later rules rely on earlier ones."""
    empty = why_empty(draft.record)
    return empty or next((reason for rule in RULES if (reason := rule(draft))), "")
