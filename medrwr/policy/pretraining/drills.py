"""The drills: small conversations about facts that hold for one drill only."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from medrwr.clinic import prose
from medrwr.clinic import vocabulary as words
from medrwr.clinic.ontology import ALL_SIGNS, Ontology, Sign
from medrwr.clinic.questions import (
    NO_NOTE,
    POINTS_SENTENCE,
    fact_sentence,
    image_question_text,
    text_question_text,
)
from medrwr.policy.prompts import render_options
from medrwr.types import LETTERS

SYSTEM = "You are a medical expert."
CONTEXT_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Piece:
    """Text with its weight in the loss; `skill` names what a right guess of its first token shows, if anything."""

    text: str
    weight: float = 1.0
    skill: str = ""


@dataclass(frozen=True, slots=True)
class Drill:
    """A conversation. `picture` is (modality, sign, seed) of the image before the user's text, or None."""

    user: str
    reply: tuple[Piece, ...]
    picture: tuple[str, Sign, int] | None = None


@dataclass(frozen=True, slots=True)
class World:
    """One invented condition, for one drill."""

    name: str
    modality: str
    sign: Sign
    treatment: str
    complication: str
    marker: str
    mechanism: str

    @property
    def phrase(self) -> str:
        return f"{self.sign} on {self.modality}"

    def fact(self, kind: str) -> str:
        return {"treatment": self.treatment, "complication": self.complication, "marker": self.marker}[kind]

    def sentence(self, kind: str) -> tuple[str, str]:
        """The sentence of a fact, before and after the fact."""
        before, after = fact_sentence(kind, phrase=self.phrase, name=self.name, fact="|").split(" |")
        return before, after


def _world(rng: random.Random, names: tuple[str, ...], *, like: World | None = None) -> World:
    """A random condition; `like` asks for a sign that shares most of another's attributes."""
    modality, sign = rng.choice(words.MODALITIES), rng.choice(ALL_SIGNS)
    if like is not None:
        modality, sign = _similar(rng, like)
    return World(
        name=rng.choice(names),
        modality=modality,
        sign=sign,
        treatment=rng.choice(words.TREATMENTS),
        complication=rng.choice(words.COMPLICATIONS),
        marker=rng.choice(words.MARKERS),
        mechanism=rng.choice(words.MECHANISMS),
    )


def _similar(rng: random.Random, like: World) -> tuple[str, Sign]:
    """Change one or two of modality, texture, location and shape; never none."""
    modality, sign = like.modality, like.sign
    while (modality, sign) == (like.modality, like.sign):
        parts = [sign.texture, sign.location, sign.shape, modality]
        pools = (words.TEXTURES, words.LOCATIONS, words.SHAPES, words.MODALITIES)
        for position in rng.sample(range(4), rng.choice((1, 1, 2))):
            parts[position] = rng.choice(pools[position])
        sign, modality = Sign(parts[0], parts[1], parts[2]), parts[3]
    return modality, sign


def _imaging(rng: random.Random, world: World) -> str:
    text = prose.imaging_section(rng, phrase=world.phrase, name=world.name, treatment=world.treatment)
    return f"{world.name.capitalize()}: {text}"


def _course(rng: random.Random, world: World) -> str:
    return (
        f"{world.name.capitalize()}: {prose.course_section(rng, phrase=world.phrase, complication=world.complication)}"
    )


def _background(rng: random.Random, world: World) -> str:
    other = rng.choice(words.TREATMENTS)
    text = prose.background_section(rng, name=world.name, mechanism=world.mechanism, marker=world.marker, other=other)
    return f"{world.name.capitalize()}: {text}"


_SECTION: dict[str, Callable[[random.Random, World], str]] = {
    "treatment": _imaging,
    "complication": _course,
    "marker": _background,
}


def _notes(rng: random.Random, world: World, kind: str, others: list[World], *, present: bool) -> str:
    """Three passages: the one that answers (unless absent), the same sign's other section, and near misses."""
    passages = [_SECTION[kind](rng, world)] if present else []
    other_kind = rng.choice([one for one in words.ALL_KINDS if one != kind])
    if present and rng.random() < 0.6:
        passages.append(_SECTION[other_kind](rng, world))
    for other in others:
        write = _background if rng.random() < 0.1 else _SECTION[rng.choice((kind, kind, other_kind))]
        passages.append(write(rng, other))
    passages = passages[: rng.choice((2, 3, 3, 3))]
    rng.shuffle(passages)
    return "\n" + "\n".join(f"[{i}] {text}" for i, text in enumerate(passages, start=1)) + "\n"


def _options(rng: random.Random, gold: str, kind: str, others: list[World]) -> tuple[tuple[str, ...], int]:
    wrong = list(dict.fromkeys(o.fact(kind) for o in others if o.fact(kind) != gold))[: rng.choice((1, 2, 3))]
    wrong += rng.sample([w for w in words.FACTS[kind] if w != gold and w not in wrong], 3 - len(wrong))
    options = [gold, *wrong]
    rng.shuffle(options)
    return tuple(options), options.index(gold)


def reading(rng: random.Random, ontology: Ontology, *, with_image: bool, kinds: tuple[str, ...] = words.KINDS) -> Drill:
    """A whole exam question: name the sign, read passages, answer. In one of ten no passage fits: a guess.

    Where a marker is asked for (two hops), the first passages name the disease, and the next ones its marker.
    """
    world = _world(rng, ontology.free_names)
    kind = rng.choice(kinds)
    others = [_world(rng, ontology.free_names, like=world) for _ in range(3)]
    present = rng.random() < 0.9
    options, gold = _options(rng, world.fact(kind), kind, others)
    question = (
        image_question_text(rng, kind)
        if with_image
        else text_question_text(rng, kind, modality=world.modality, sign=world.sign)
    )
    reply = _finding(rng, world)
    if kind in words.TWO_HOP_KINDS:
        reply += _first_hop(rng, world, others)
    reply.append(Piece(_notes(rng, world, kind, others, present=present), CONTEXT_WEIGHT))
    if present:
        before, after = world.sentence(kind)
        reply += [Piece(before), Piece(f" {world.fact(kind)}", 2.0, "fact"), Piece(after)]
    else:
        reply += [Piece(NO_NOTE.format(phrase=world.phrase))]
    reply += _choice(rng, options[gold], LETTERS[gold], skill="letter" if present else "")
    picture = (world.modality, world.sign, rng.getrandbits(40)) if with_image else None
    return Drill(f"{question}\n{render_options(options)}", tuple(reply), picture)


def _first_hop(rng: random.Random, world: World, others: list[World]) -> list[Piece]:
    """Passages that name the disease of the sign, and the disease."""
    notes = _notes(rng, world, rng.choice(words.KINDS), others[:2], present=True)
    before, after = POINTS_SENTENCE.format(phrase=world.phrase, name="|").split(" |")
    return [Piece(notes, CONTEXT_WEIGHT), Piece(before), Piece(f" {world.name}", 2.0, "fact"), Piece(after)]


def _choice(rng: random.Random, word: str, letter: str, *, skill: str) -> list[Piece]:
    """The option of a word that was just said, announced or not."""
    if rng.random() < 0.35:
        return [Piece(" That is option"), Piece(f" {letter}", 2.0, skill), Piece(f".\n{letter}. {word}")]
    return [Piece("\n("), Piece(letter, 2.0, skill), Piece(f") {word}")]


def _finding(rng: random.Random, world: World) -> list[Piece]:
    exam = words.EXAMINATION[world.modality]
    sign = world.sign
    pieces = [
        Piece("The"),
        Piece(f" {exam}", 1.0, "modality"),
        Piece(" shows a"),
        Piece(f" {sign.texture}", 2.0, "texture"),
        Piece(f" {sign.location}", 2.0, "location"),
        Piece(f" {sign.shape}", 2.0, "shape"),
        Piece("."),
    ]
    if rng.random() < 0.5:
        pieces.append(Piece(f" In short: {world.phrase}."))
    return pieces


def caption(rng: random.Random, ontology: Ontology) -> Drill:
    """Say what the image shows."""
    world = _world(rng, ontology.free_names)
    user = rng.choice(("Describe the image.", "What does the image show?", "Report the finding."))
    return Drill(user, tuple(_finding(rng, world)), (world.modality, world.sign, rng.getrandbits(40)))


def choosing(rng: random.Random, ontology: Ontology) -> Drill:
    """Find the letters of words among the options, one word after another; words of all kinds."""
    options = _any_options(rng, ontology)
    reply: list[Piece] = []
    for gold in rng.choices(range(len(options)), k=5):
        reply += [Piece(f"This is {options[gold]}.", 0.05)]
        reply += [*_choice(rng, options[gold], LETTERS[gold], skill="letter"), Piece("\n", 0.05)]
    return Drill(render_options(options), tuple(reply))


def naming(rng: random.Random, ontology: Ontology) -> Drill:
    """Say the words of letters. Mixed with `choosing` from the start, neither is learned."""
    options = _any_options(rng, ontology)
    reply: list[Piece] = []
    for gold in rng.choices(range(len(options)), k=5):
        reply += [Piece(f"Option {LETTERS[gold]}.", 0.05), Piece(f" {options[gold]}", 2.0, "word"), Piece("\n", 0.05)]
    return Drill(render_options(options), tuple(reply))


def _any_options(rng: random.Random, ontology: Ontology) -> tuple[str, ...]:
    pool: tuple[str, ...] = rng.choice(
        (
            words.TREATMENTS,
            words.TREATMENTS,
            words.COMPLICATIONS,
            words.COMPLICATIONS,
            words.MARKERS,
            ontology.free_names,
            words.SHAPES,
        )
    )
    return tuple(rng.sample(pool, rng.choice((4, 4, 4, 5, 6))))


def recall(rng: random.Random, ontology: Ontology) -> Drill:
    """Several short facts, then some of them again: each is looked up by the whole sign, or by the disease's name."""
    world = _world(rng, ontology.free_names)
    worlds = [world, *(_world(rng, ontology.free_names, like=world) for _ in range(rng.choice((2, 3, 4))))]
    facts = [(w, rng.choice(words.ALL_KINDS)) for w in worlds]
    listed = [fact_sentence(kind, phrase=w.phrase, name=w.name, fact=w.fact(kind)) for w, kind in facts]
    reply: list[Piece] = []
    for w, kind in rng.choices(facts, k=4):
        before, after = w.sentence(kind)
        reply += [Piece(before, CONTEXT_WEIGHT), Piece(f" {w.fact(kind)}", 2.0, "fact"), Piece(f"{after}\n", 0.05)]
    return Drill("\n".join(listed), tuple(reply))


def document(rng: random.Random, ontology: Ontology) -> Drill:
    """A page of the handbook, on an invented condition."""
    world = _world(rng, ontology.free_names)
    text = "\n\n".join(write(rng, world) for write in (_imaging, _course, _background))
    return Drill(f"Write about {world.name}.", (Piece(text, 0.5),))
