"""Demonstrations for SFT (M24): they teach the protocol. What to ask for is left to GRPO.

Most demonstrations are *literal*: they ask the knowledge base what the question says, which finds little, and say so.
On an image they say what is seen first, and still ask what the question says: to ask for what is seen is the image
stage's lesson. Others are *expert*: name the sign, ask for it by name, and, where the passage of the answer names the
disease only, ask for that next. A few, on images, are *misread*: a sign taken for a similar one leads to a fact that is
no option, and the answer is one of the options all the same; the wrong steps are shown and not taught. *Second looks*
go on from there: beside a similar case the sign is named again, and asked for (M26).
"""

from __future__ import annotations

from dataclasses import replace

from medrwr.clinic import vocabulary as words
from medrwr.clinic.ontology import Condition, Sign
from medrwr.clinic.questions import ASKED, NO_NOTE, POINTS_SENTENCE, fact_sentence
from medrwr.types import Demonstration, DemonstrationStep, ImageCase, Question

NO_ANSWER = "No note answers this."


def demonstrate_finding(question: Question) -> Demonstration:
    """Say what is seen and answer: nothing to ask for."""
    return Demonstration(question, (), _seen(question.modality, question.gold_text))


def demonstrate_literal(question: Question, condition: Condition) -> Demonstration:
    """Ask what the question says; read; where no passage has the answer, guess."""
    asked = question.text.split(". ")[-1]
    case = f"This is a case with a question on the {ASKED[question.kind]}."
    step = DemonstrationStep(_seen(condition.modality, condition.sign) if question.images else case, asked)
    return Demonstration(question, (step,), f"The answer is {question.gold_text}.", missed_think=NO_ANSWER)


def demonstrate_expert(question: Question, condition: Condition) -> Demonstration:
    """Name the sign, ask for it, read, answer; in two steps where the passage of the answer names the disease only."""
    phrase, name = condition.phrase, condition.name
    seen = _seen(condition.modality, condition.sign)
    steps: tuple[DemonstrationStep, ...]
    if question.hops > 1:
        points = POINTS_SENTENCE.format(phrase=phrase, name=name)
        steps = (
            DemonstrationStep(seen, f"{phrase}, disease"),
            DemonstrationStep(points, f"points to {name}, {ASKED[question.kind]}", relies_on=name),
        )
    else:
        steps = (DemonstrationStep(seen, f"{phrase}, {ASKED[question.kind]}"),)
    return Demonstration(
        question=question,
        steps=steps,
        final_think=fact_sentence(question.kind, phrase=phrase, name=name, fact=question.gold_text),
        missed_think=NO_NOTE.format(phrase=phrase),
    )


def demonstrate_misread(question: Question, mistaken: Condition) -> Demonstration:
    """The expert's episode on a condition that the image does not show: what it finds is no option."""
    wrong = demonstrate_expert(question, mistaken)
    fact = mistaken.fact(question.kind)
    return replace(
        wrong,
        steps=tuple(replace(step, taught=False) for step in wrong.steps),
        final_think=fact_sentence(question.kind, phrase=mistaken.phrase, name=mistaken.name, fact=fact),
        relies_on=fact,
    )


def demonstrate_second_look(
    question: Question, condition: Condition, mistaken: Condition, case: ImageCase
) -> Demonstration:
    """A misread episode, not taught, up to its answer; then a similar case, and the expert's episode."""
    wrong = demonstrate_misread(question, mistaken)
    right = demonstrate_expert(question, condition)
    shown = DemonstrationStep(wrong.final_think, "", relies_on=wrong.relies_on, taught=False, case=case)
    return replace(right, steps=(*wrong.steps, shown, *right.steps))


def _seen(modality: str, sign: Sign | str) -> str:
    return f"The {words.EXAMINATION[modality]} shows a {sign}."
