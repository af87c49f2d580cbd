"""Small changes of an item's texts: noun phrases, number, order, length."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from medrwr.curation.items import DraftItem

SHOWS = re.compile(
    r"^[^.]*?\b(?:show(?:s|ed|ing)?|demonstrat(?:es?|ed|ing)|reveal(?:s|ed|ing)?|depict(?:s|ed|ing)?|illustrat(?:es|ing))"
    r"\s+(?:that\s+|the presence of\s+)?",
    re.IGNORECASE,
)
ARTICLE = re.compile(r"^(?:an?|the)\s+", re.IGNORECASE)
LEAD = re.compile(
    r"^(?:an?\s+|the\s+)?(?:possible\s+|(?:diagnosis|presence|occurrence) of (?:an?\s+|the\s+)?)?", re.IGNORECASE
)
TAIL = re.compile(
    r"\s*[,;(].*|\s(?:of|with|without|within|in|into|at|on|from|for|to|by|and|or|between|after|before|just|due|that|which"
    r"|is|are|was|were|can|may|seen|extending|arising|causing|involving|containing|superimposed)\s.*",
)
CHUNK = re.compile(r"[,.;]\s+|\s+(?=(?:with|in|at|on|from|of|and|within|along)\s)")
DETAIL = re.compile(
    r"\s*\([^)]*\)|\s+on the (?:left|right)(?: side)?\b"
    r"|\b(?:left|right|bilateral|unilateral|acute|chronic|severe|mild|moderate|small|large|diffuse|multiple"
    r"|incidental|complete|partial|posterior|anterior)\s+",
    re.IGNORECASE,
)


def reply(item: DraftItem, **changes: object) -> str:
    """The item as a reply, with some fields changed or added."""
    return json.dumps({**asdict(item), **changes}, ensure_ascii=False)


def put_at(options: tuple[str, ...], index: int, text: str) -> tuple[str, ...]:
    """The options with another text at `index`."""
    return (*options[:index], text, *options[index + 1 :])


def wrong_of(item: DraftItem) -> list[int]:
    """Indices of the wrong options."""
    return [index for index in range(len(item.options)) if index != item.answer]


def lowered(text: str) -> str:
    """The text as it stands inside a sentence; an abbreviation in front keeps its capitals."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def last_replaced(text: str, old: str, new: str) -> str:
    """The text with the last `old` replaced by `new`, or with a sentence for `new` where it doesn't say `old`."""
    before, found, after = text.rpartition(old)
    return f"{before}{new}{after}" if found else f"{text} This points to {new}."


def seen_of(observation: str) -> str:
    """What follows the verb of showing, or all where little follows it."""
    rest = SHOWS.sub("", observation, count=1).strip(" .")
    return rest if len(rest.split()) > 2 else observation.strip(" .")


def reordered(seen: str) -> str:
    """The pieces of a phrase from the last to the first; of a phrase in one piece, its words."""
    chunks = [chunk.strip(" .") for chunk in CHUNK.split(seen)]
    return ", ".join(reversed(chunks)) if len(chunks) > 1 else ", ".join(reversed(seen.split()))


def head_of(text: str) -> str:
    """The noun phrase that a text begins with, without article or `presence of`."""
    bare = LEAD.sub("", text)
    return TAIL.sub("", bare, count=1) or bare


def noun_of(text: str) -> str:
    """The last word of the noun phrase that a text begins with."""
    return head_of(text).split()[-1]


def plural_of(text: str) -> str:
    """The text with the first noun phrase in the other number."""
    head, noun = head_of(text), noun_of(text)
    if noun.endswith("is"):
        other = f"{noun[:-2]}es"
    elif noun.endswith("s") and not noun.endswith(("ss", "us")):
        other = noun[:-1]
    elif noun.endswith(("s", "x", "ch", "sh")):
        other = f"{noun}es"
    else:
        other = f"{noun[:-1]}ies" if re.search(r"[^aeiou]y$", noun) else f"{noun}s"
    return text.replace(head, head.removesuffix(noun) + other, 1)


def general_of(text: str) -> str:
    """The text without laterality, extent and remarks in brackets, or its first noun phrase where there are none."""
    less = DETAIL.sub("", text).strip()
    head = head_of(text)
    if less and less != text:
        return less
    return head if len(head.split()) > 1 and not text[len(head) :].startswith(" of ") else text


def turned_round(text: str) -> str:
    """The text with its halves, or its noun and what goes before it, the other way round."""
    first, found, second = text.partition(" and ")
    if found and not re.match(r"(?:is|are|was|has|may|did)\b", second) and not re.search("[,;()]", text):
        return f"{second} and {first}"
    words = text.split()
    first, found, second = text.partition(" of ")
    if found and len(words) < 8 and not TAIL.search(second) and not re.search("[()]", text):
        return f"{ARTICLE.sub('', second)} {first}"
    return f"{words[-1]}, {' '.join(words[:-1])}" if 1 < len(words) < 5 and head_of(text) == text else text


def absent_of(names: Sequence[str], caption: str, draw: random.Random) -> str:
    """One of the names, of which the caption has not a single word."""
    told = caption.casefold()
    return draw.choice(
        [name for name in names if not any(word in told for word in re.findall(r"[^\W\d_]{4,}", name.casefold()))]
    )


def short_of(text: str, taken: Iterable[str]) -> str:
    """The text's first noun, another word of it where that's an option already, or its first letters."""
    words = [word for word in [noun_of(text), *re.findall(r"[^\W\d_]{4,}", text)] if word not in taken]
    return words[0] if words else text[:4].strip()


def longest_wrong(options: tuple[str, ...], right: int) -> int:
    """Length of the longest wrong option."""
    return max(len(option) for index, option in enumerate(options) if index != right)


def padded(options: tuple[str, ...], right: int, parts: Iterable[str]) -> tuple[str, ...]:
    """The options, the right one with one part or more until it is over twice as long as any other."""
    text = options[right]
    for part in parts:
        text = f"{text}, {part}"
        if len(text) > 2 * longest_wrong(options, right):
            break
    return put_at(options, right, text)
