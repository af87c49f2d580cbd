"""Exam questions of the clinic, with four options, text-only or on an image, and an oracle's demonstrations."""

from __future__ import annotations

import random
from dataclasses import replace

from medrwr.clinic import vocabulary as words
from medrwr.clinic.ontology import Condition, Ontology, Sign
from medrwr.types import Question

_IMAGE_ASK = {
    "treatment": (
        "What is the first treatment for the sign in this image?",
        "Which drug is given first for this finding?",
    ),
    "complication": (
        "What complication threatens with the sign in this image?",
        "Which complication goes with this finding?",
    ),
    "marker": (
        "Which blood marker confirms the disease behind the sign in this image?",
        "Which marker is raised in the disease that this finding points to?",
    ),
}
_TEXT_ASK = {
    "treatment": ("Which drug is given first?", "What is the first treatment?"),
    "complication": ("Which complication threatens?", "What is the main complication?"),
    "marker": ("Which blood marker confirms the disease?", "Which marker is raised in this disease?"),
}
ASKED = {"treatment": "first treatment", "complication": "complication", "marker": "blood marker"}
NO_NOTE = "No note names a {phrase}."
FACT_SENTENCE = {
    "treatment": "A {phrase} is treated first with {fact}.",
    "complication": "A {phrase} may be complicated by {fact}.",
    "marker": "{Name} is confirmed by a raised {fact}.",
}
POINTS_SENTENCE = "A {phrase} points to {name}."


def fact_sentence(kind: str, *, phrase: str, name: str, fact: str) -> str:
    """The fact as a thought states it; a marker belongs to the disease, the rest to the sign."""
    return FACT_SENTENCE[kind].format(phrase=phrase, Name=name.capitalize(), fact=fact)


def image_question_text(rng: random.Random, kind: str) -> str:
    """What is asked about an image: it names neither the sign nor the modality."""
    return rng.choice(_IMAGE_ASK[kind])


def vignette(rng: random.Random, *, modality: str, sign: Sign) -> str:
    """A patient, what ails them, what they do, and what their examination shows."""
    person = rng.choice(("man", "woman"))
    complaint, habit = rng.choice(words.COMPLAINTS), rng.choice(words.HABITS)
    exam = words.EXAMINATION[modality]
    return f"A {rng.randint(21, 79)} year old {person} with {complaint} {habit}. The {exam} shows a {sign}."


def text_question_text(rng: random.Random, kind: str, *, modality: str, sign: Sign) -> str:
    """A vignette that states the sign among things that do not matter."""
    return f"{vignette(rng, modality=modality, sign=sign)} {rng.choice(_TEXT_ASK[kind])}"


def _options(rng: random.Random, ontology: Ontology, condition: Condition, kind: str) -> tuple[tuple[str, ...], int]:
    """Gold and three others; up to two come from conditions with a similar sign, which retrieval may also return."""
    gold = condition.fact(kind)
    near = list(dict.fromkeys(c.fact(kind) for c in ontology.neighbours(condition) if c.fact(kind) != gold))
    wrong = rng.sample(near, min(2, len(near)))
    wrong += rng.sample([w for w in words.FACTS[kind] if w != gold and w not in wrong], 3 - len(wrong))
    options = [gold, *wrong]
    rng.shuffle(options)
    return tuple(options), options.index(gold)


def make_question(
    ontology: Ontology, condition: Condition, *, kind: str, split: str, number: int, seed: int, image: str | None
) -> Question:
    """One question; `image` is the path of the condition's image, or None for a text-only vignette."""
    rng = random.Random(f"question:{seed}:{split}:{number}")
    if image:
        text = image_question_text(rng, kind)
    else:
        text = text_question_text(rng, kind, modality=condition.modality, sign=condition.sign)
    options, answer = _options(rng, ontology, condition, kind)
    sentence = fact_sentence(kind, phrase=condition.phrase, name=condition.name, fact=condition.fact(kind))
    return Question(
        question_id=f"{split}-{number:05d}",
        text=text,
        options=options,
        answer=answer,
        images=(image,) if image else (),
        explanation=f"The sign is a {condition.phrase}. {sentence}",
        modality=condition.modality,
        kind=kind,
        fact_id=condition.fact_id(kind),
        hops=2 if kind in words.TWO_HOP_KINDS else 1,
        split=split,
        source="clinic",
        seed=seed,
    )


def finding_question(modality: str, sign: Sign, *, split: str, number: int, seed: int, image: str | None) -> Question:
    """Which sign is it? Needs eyes or a careful reader, and no knowledge; three options differ in one attribute."""
    rng = random.Random(f"finding:{seed}:{split}:{number}")
    options = [str(sign)]
    while len(options) < 4:
        part, pool = rng.choice((("texture", words.TEXTURES), ("location", words.LOCATIONS), ("shape", words.SHAPES)))
        other = str(replace(sign, **{part: rng.choice(pool)}))
        if other not in options:
            options.append(other)
    rng.shuffle(options)
    text = (
        f"{vignette(rng, modality=modality, sign=sign)} Which sign is this?" if image is None else "Which sign is this?"
    )
    return Question(
        question_id=f"{split}-{number:05d}",
        text=text,
        options=tuple(options),
        answer=options.index(str(sign)),
        images=(image,) if image else (),
        modality=modality,
        kind="finding",
        fact_id=f"{sign} on {modality}:finding",
        split=split,
        source="clinic",
        seed=seed,
    )
