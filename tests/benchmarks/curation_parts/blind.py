"""Eight kinds of faults, each in several variants, as a language model or a careless annotator would write them.

Written by someone who had not seen the rules, nor the mutators of `faults`. Of the eight kinds four were drawn to be
judged blind: broken_json, invented, language, lopsided. The rules have not been changed since for these; they were for
two of the others, of which they had caught 73% (duplicates) and 87% (two_right).
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import asdict
from pathlib import Path

from medrwr.curation.rules import Draft
from tests.benchmarks.curation_parts.blind_text import (
    ARTICLE,
    LEAD,
    absent_of,
    general_of,
    head_of,
    last_replaced,
    longest_wrong,
    lowered,
    noun_of,
    padded,
    plural_of,
    put_at,
    reordered,
    reply,
    seen_of,
    short_of,
    turned_round,
    wrong_of,
)
from tests.benchmarks.curation_parts.blind_words import (
    ASKS,
    DEVICES,
    DRUGS,
    FINDINGS,
    FOREIGN,
    ILLNESS,
    ILLNESSES,
    LABS,
    QUALIFIED,
    REASONS,
    SMALL,
    SYNONYM,
    SYNONYMS,
)
from tests.benchmarks.curation_parts.faults import Mutator, Pool, read_pool, shares_caught


def blind(root: Path, data: Path, *, small: bool) -> dict[str, float]:
    """Share caught of each kind of fault; all items are judged, which takes a second."""
    return shares_caught("blind", BLIND, read_pool(data), small=False)


def leak(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """The question tells what is seen: quoted, in a clause, afterwards, in another order, or as a list of terms."""
    record, ask = draft.record, draw.choice(ASKS)
    seen = seen_of(record.observation)
    longest = seen_of(max(re.split(r"(?<=[.])\s+(?=[A-Z])", record.observation), key=len))
    told = draw.choice(
        (
            f'The report on the image reads: "{record.observation}" {ask}',
            f"Given the appearance described, namely {lowered(longest)}, {lowered(ask)}",
            f"{ask} Note {lowered(seen)}.",
            f"On the image one finds: {reordered(seen)}. {ask}",
            f"Key features are {', '.join(filter(None, map(str.strip, SMALL.split(seen))))}. {ask}",
        )
    )
    return reply(draft.item, question=f"{record.clinical_information} {told}".strip())


def two_right(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """A wrong option becomes the right one: qualified, in the plural, without a detail, turned round, in synonyms."""
    item = draft.item
    right = LEAD.sub("", item.options[item.answer])
    variants = (
        draw.choice(QUALIFIED).format(right),
        plural_of(right),
        general_of(right),
        turned_round(right),
        SYNONYM.sub(lambda found: SYNONYMS[found[0]], right),
    )
    taken = {right.casefold(), *(option.casefold() for option in item.options)}
    again = draw.choice([text for text in variants if text.casefold() not in taken])
    return reply(item, options=put_at(item.options, draw.choice(wrong_of(item)), again))


def wrong_letter(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """The answer is another option: any, the next, by turned options, or with an explanation that speaks for it."""
    item = draft.item
    right, other = item.options[item.answer], draw.choice(wrong_of(item))
    turn = draw.randrange(1, len(item.options))
    swayed = last_replaced(item.explanation, right, item.options[other])
    variants: tuple[dict[str, object], ...] = (
        {"answer": other},
        {"answer": (item.answer + 1) % len(item.options)},
        {"options": item.options[turn:] + item.options[:turn]},
        {"answer": other, "explanation": swayed},
        {"answer": other, "explanation": f"{swayed} Nothing on the image speaks for {right}."},
    )
    return reply(item, **draw.choice(variants))


def duplicates(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """A wrong option repeats another option: as it is, or in other case, punctuation, spaces, dashes, article."""
    item = draft.item
    to = draw.choice(wrong_of(item))
    of = item.options[draw.choice([index for index in range(len(item.options)) if index != to])]
    bare = ARTICLE.sub("", of)
    dash, gap = draw.choice("\u2010\u2011\u2013 "), draw.choice(("  ", "\u00a0", "\u2009", "\u202f"))
    dashed = of.replace("-", dash) if "-" in of else of.replace(bare, bare.replace(" ", "-", 1))
    twin = draw.choice(
        (
            of,
            draw.choice((of.upper(), of.title(), of[:1].swapcase() + of[1:])),
            draw.choice((f"{of}.", f"{of};", f'"{of}"', f"- {of}")),
            draw.choice((of.replace(" ", gap), f"{of}{gap}", f"{gap}{of}")),
            dashed,
            f"the {of}" if bare == of else bare,
        )
    )
    return reply(item, options=put_at(item.options, to, twin))


def language(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """Question, explanation or both in another language, some with one English term inside."""
    first, second, third, fourth, closing = draw.choice(FOREIGN)
    question, explanation = draw.choice((first, second)), draw.choice((third, fourth))
    with_term = f"{explanation}{closing.format(head_of(draft.item.options[draft.item.answer]))}"
    variants: tuple[dict[str, object], ...] = (
        {"question": question, "explanation": explanation},
        {"question": question},
        {"explanation": explanation},
        {"question": question, "explanation": with_term},
        {"explanation": with_term},
    )
    return reply(draft.item, **draw.choice(variants))


def invented(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """The question, the explanation or the right option tells as a fact something of which the caption says nothing."""
    item = draft.item
    right = item.options[item.answer]
    foreign = [name for name in pool.conclusions if ILLNESS.fullmatch(name) and name not in item.options]
    other, illness, drug, device, finding, lab = (
        absent_of(names, draft.caption, draw) for names in (foreign, ILLNESSES, DRUGS, DEVICES, FINDINGS, LABS)
    )
    variants: tuple[dict[str, object], ...] = (
        {"question": f"A patient with {illness} takes {drug}. {item.question}"},
        {"question": f"The patient has {device}. {item.question}"},
        {"explanation": f"{item.explanation} Laboratory tests showed {lab}."},
        {"explanation": f"The image also shows {draw.choice((finding, other))}. {item.explanation}"},
        {"options": put_at(item.options, item.answer, f"{right} with {draw.choice((illness, finding))}")},
        {
            "options": put_at(item.options, item.answer, other),
            "explanation": last_replaced(item.explanation, right, other),
        },
    )
    return reply(item, **draw.choice(variants))


def broken_json(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """A reply that isn't the JSON object asked for: by its syntax, its fields or their types."""
    item = draft.item
    fields, sound, name = asdict(item), reply(item), draw.choice(("question", "options", "answer", "explanation"))
    lettered = dict(zip("ABCDEFGHIJ", item.options, strict=False))
    return draw.choice(
        (
            sound[: draw.randrange(len(sound) // 3, len(sound) - 1)],
            json.dumps({key: value for key, value in fields.items() if key != name}, ensure_ascii=False),
            reply(item, **{name: None}),
            f"{sound[:-1]},}}",
            str({**fields, "options": list(item.options)}),
            reply(item, answer=float("nan")),
            f"Sure! Here is the question:\n\n{sound}",
            f"{sound}\n\nLet me know if you need another one.",
            f"{sound}\n{sound}",
            reply(item, difficulty="hard"),
            reply(item, options=lettered),
            reply(item, options="; ".join(item.options)),
            reply(item, answer="ABCDEFGHIJ"[item.answer]),
            reply(item, answer=item.options[item.answer]),
            reply(item, answer=str(item.answer)),
            sound.replace('"explanation": "', '"explanation": "The so-called "key finding" decides. ', 1),
        )
    )


def lopsided(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """The right option stands out: by what is seen, by reasons, by wrong options cut to a word, or as the one word."""
    item = draft.item
    options, right = item.options, item.answer
    reasons = draw.sample(REASONS, len(REASONS))
    noun = noun_of(options[right])
    cut = full = options
    for index in wrong_of(item):
        cut = put_at(cut, index, short_of(options[index], {*cut[:index], *cut[index + 1 :]}))
        while len(full[index]) < 3 * len(noun):
            full = put_at(full, index, f"{full[index]} with {ARTICLE.sub('', draw.choice(pool.conclusions))}")
    variants = (
        padded(options, right, [f"as shown by {lowered(seen_of(draft.record.observation))}", *reasons]),
        padded(options, right, [f"because {lowered(draft.record.observation.strip(' .'))}", *reasons]),
        padded(options, right, reasons),
        cut if len(options[right]) > 2 * longest_wrong(cut, right) else padded(cut, right, reasons),
        put_at(full, right, noun),
    )
    return reply(item, options=draw.choice(variants))


BLIND: dict[str, Mutator] = {
    "leak": leak,
    "two_right": two_right,
    "wrong_letter": wrong_letter,
    "duplicates": duplicates,
    "language": language,
    "invented": invented,
    "broken_json": broken_json,
    "lopsided": lopsided,
}
