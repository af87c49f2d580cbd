"""Faults planted in items over real captions, a kind at a time: which the rules catch, and what good they reject.

The items are what the offline model makes of ROCO's captions; the mutator knows nothing of the rules.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from medrwr.curation.extraction import item_of, record_of
from medrwr.curation.items import CaseRecord, DraftItem, reader
from medrwr.curation.rules import Draft, reason_against, telling_words, why_empty
from medrwr.errors import ReplyError

_OTHERS = 60


@dataclass(frozen=True, slots=True)
class Pool:
    """Good drafts, and the conclusions of all cases."""

    drafts: Sequence[Draft]
    conclusions: Sequence[str]


Mutator = Callable[[Draft, Pool, random.Random], str]


def faults(root: Path, data: Path, *, small: bool) -> dict[str, float]:
    """Share caught of each kind of fault; share of good items rejected."""
    pool = read_pool(data)
    drafts = _judged(pool, small=small)
    rejected = [draft for draft in drafts if _caught(draft, _reply(draft.item))]
    caught = shares_caught("faults", MUTATORS, pool, small=small)
    return {"faults_items": float(len(drafts)), "faults_good_rejected": len(rejected) / len(drafts), **caught}


def shares_caught(name: str, mutators: Mapping[str, Mutator], pool: Pool, *, small: bool) -> dict[str, float]:
    """Of the items of the pool, each with one fault of a kind: the share that the rules reject."""
    drafts, draw = _judged(pool, small=small), random.Random(7)
    return {
        f"{name}_{kind}_caught": sum(_caught(draft, mutate(draft, pool, draw)) for draft in drafts) / len(drafts)
        for kind, mutate in mutators.items()
    }


def _judged(pool: Pool, *, small: bool) -> Sequence[Draft]:
    return pool.drafts[:60] if small else pool.drafts


def read_pool(data: Path) -> Pool:
    """Items of the captions that say a conclusion and what it follows from."""
    lines = (data / "captions/roco-ccby/captions.txt").read_text(encoding="utf-8").splitlines()
    captions = [line.split("\t", 1)[1].strip() for line in lines if "\t" in line]
    telling, draw = telling_words(captions), random.Random(3)
    records = [(caption, reader(CaseRecord)(json.dumps(record_of(caption)))) for caption in captions]
    told = [(caption, record) for caption, record in records if not why_empty(record)]
    conclusions = [record.conclusion for _, record in told]
    drafts = []
    for caption, record in told:
        values = {**asdict(record), "other_conclusions": draw.sample(conclusions, min(_OTHERS, len(conclusions)))}
        drafts.append(Draft(caption, record, reader(DraftItem)(json.dumps(item_of(values))), telling))
    return Pool(drafts, conclusions)


def _reply(item: DraftItem) -> str:
    return json.dumps(asdict(item), ensure_ascii=False)


def _caught(draft: Draft, reply: str) -> bool:
    try:
        item = reader(DraftItem)(reply)
    except ReplyError:
        return True
    return bool(reason_against(replace(draft, item=item)))


def leak(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """What is seen is told before the question is asked, in the caption's words or with a few left out."""
    words = draft.record.observation.split()
    kept = [word for word in words if draw.random() > 0.2] or words
    told = draw.choice(
        [draft.record.observation, " ".join(kept), f"The image shows {draft.record.observation.lower()}"]
    )
    return _reply(replace(draft.item, question=f"{told} {draft.item.question}"))


def two_right(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """A wrong option says the same as the right one in another order, with a hedge, or in fewer words."""
    words = draft.item.options[draft.item.answer].split()
    turned = " ".join([*words[1:], words[0]]) if len(words) > 1 else f"{words[0]}, confirmed"
    said = draw.choice([turned, f"probable {' '.join(words)}", f"findings of {' '.join(words)}"])
    return _reply(replace(draft.item, options=_with_wrong(draft.item, said, draw)))


def wrong_letter(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """Another option is given as the right one."""
    others = [place for place in range(len(draft.item.options)) if place != draft.item.answer]
    return _reply(replace(draft.item, answer=draw.choice(others)))


def duplicates(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """Two options differ in capitals, a full stop or blanks only."""
    kept = draft.item.options[:3]
    same = draw.choice(kept)
    options = (*kept, draw.choice([same.upper(), f"{same}.", f"  {same.capitalize()}"]))
    return _reply(replace(draft.item, options=options))


_GERMAN = "Welche Diagnose ist nach dem Bild und der Vorgeschichte des Patienten am ehesten zu stellen?"
_FRENCH = "Quel est le diagnostic le plus probable chez ce patient d'après cette image ?"
_SPANISH = "¿Cuál es el diagnóstico más probable del paciente según la imagen que se muestra?"
_CHINESE = "根据图像，最可能的诊断是什么？"


def language(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """The question is put in another language."""
    return _reply(replace(draft.item, question=draw.choice([_GERMAN, _FRENCH, _SPANISH, _CHINESE])))


def invented(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """Question or explanation tells of another case's conclusion."""
    own = set(draft.caption.lower().split())
    foreign = [text for text in pool.conclusions if not own & set(text.lower().split())]
    fact = draw.choice(foreign)
    if draw.random() < 0.5:
        return _reply(replace(draft.item, question=f"The patient is known to have {fact}. {draft.item.question}"))
    return _reply(replace(draft.item, explanation=f"{draft.item.explanation} There is also {fact}."))


def broken_json(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """Cut off, a field missing, of another type, or prose around it."""
    whole, values = _reply(draft.item), asdict(draft.item)
    kind = draw.randrange(4)
    if kind == 0:
        return whole[: draw.randint(1, len(whole) - 1)]
    if kind == 1:
        del values[draw.choice(sorted(values))]
        return json.dumps(values)
    if kind == 2:
        return json.dumps({**values, "answer": "A"})
    return f"Here is the question: {whole}"


def lopsided(draft: Draft, pool: Pool, draw: random.Random) -> str:
    """The right option says twice as much as any other, in the caption's words."""
    right, longest = draft.item.options[draft.item.answer], max(map(len, draft.item.options))
    while len(right) <= 2 * longest:
        right = f"{right}, {draft.record.conclusion}"
    options = list(draft.item.options)
    options[draft.item.answer] = right
    return _reply(replace(draft.item, options=tuple(options)))


def _with_wrong(item: DraftItem, said: str, draw: random.Random) -> tuple[str, ...]:
    wrong = [place for place in range(len(item.options)) if place != item.answer]
    options = list(item.options)
    options[draw.choice(wrong)] = said
    return tuple(options)


MUTATORS: dict[str, Mutator] = {
    "leak": leak,
    "two_right": two_right,
    "wrong_letter": wrong_letter,
    "duplicates": duplicates,
    "language": language,
    "invented": invented,
    "broken_json": broken_json,
    "lopsided": lopsided,
}
