"""The clinic's medical prose: what stands on each condition, and documents that only distract.

Sections have 40 to 60 words, so that each becomes one passage. The page of a condition has two: imaging and treatment,
course. Cause and blood marker stand in a laboratory note of its own, which knows the disease's name and no sign. The
same sentences, with facts drawn anew each time, are what the base model learned to read.
"""

from __future__ import annotations

import random

from medrwr.clinic import vocabulary as words
from medrwr.clinic.ontology import Condition
from medrwr.types import Document, Section

LICENCE = "CC0-1.0, invented for medrwr"

_POINTS = (
    "A {phrase} points to {name}.",
    "{Name} is likely when there is a {phrase}.",
    "Think of {name} when the report names a {phrase}.",
)
_TREATED = (
    "A {phrase} is treated first with {treatment}.",
    "The first treatment of a {phrase} is {treatment}.",
    "Patients with a {phrase} receive {treatment} first.",
)
_COMPLICATED = (
    "A {phrase} may be complicated by {complication}.",
    "The main complication of a {phrase} is {complication}.",
    "Patients with a {phrase} are at risk of {complication}.",
)
_READING = (
    "The sign is best seen in the first series and does not move with breathing.",
    "It is often small and is missed when the contrast is set too low.",
    "Two readers should agree before the report is signed.",
    "A second examination after six weeks shows whether it grows.",
)
_DOSING = (
    "The dose is kept low in the elderly and is raised over two weeks.",
    "Most patients feel better within ten days, and the sign fades within three months.",
    "Kidney function is checked before the first dose.",
    "It is given in the morning, with food, for at least eight weeks.",
)
_COURSE = (
    "Without care the illness runs for years, with quiet months between attacks.",
    "Men and women are affected alike, mostly after the age of forty.",
    "One patient in ten recovers without any treatment.",
    "The outlook is good when it is found early.",
)
_FOLLOW = (
    "Blood tests every three months are enough to catch it in time.",
    "Families should know the early signs and call when they appear.",
    "It comes on slowly and is easy to overlook at first.",
    "Regular visits lower the risk by about half.",
)
_HISTORY = (
    "Older books advise {other}, which did no better than rest in later trials.",
    "For a while {other} was in use, but it was given up for its side effects.",
    "There is no reason to give {other}, although it is still sold for this purpose.",
)
_CAUSE = (
    "{Name} comes from {mechanism}.",
    "The cause of {name} is {mechanism}.",
    "{Name} is the result of {mechanism}.",
)
_CONFIRMED = (
    "{Name} is confirmed by a raised {marker}.",
    "A raised {marker} settles the diagnosis of {name}.",
    "The blood marker of {name} is {marker}.",
)
_RARE = (
    "It was first described in a small mountain clinic and has been found in many countries since.",
    "It is rare, and most family doctors will see one case in a working life.",
    "The name goes back to the two sisters in whom it was first seen.",
)


def _fill(template: str, **values: str) -> str:
    return template.format(**values, Name=values.get("name", "").capitalize())


def imaging_section(rng: random.Random, *, phrase: str, name: str, treatment: str) -> str:
    """Sign, condition, treatment."""
    return " ".join(
        (
            _fill(rng.choice(_POINTS), phrase=phrase, name=name),
            rng.choice(_READING),
            _fill(rng.choice(_TREATED), phrase=phrase, treatment=treatment),
            rng.choice(_DOSING),
        )
    )


def course_section(rng: random.Random, *, phrase: str, complication: str) -> str:
    """Sign and complication."""
    return " ".join(
        (
            rng.choice(_COURSE),
            _fill(rng.choice(_COMPLICATED), phrase=phrase, complication=complication),
            *rng.sample(_FOLLOW, 2),
        )
    )


def background_section(rng: random.Random, *, name: str, mechanism: str, marker: str, other: str) -> str:
    """Cause, blood marker and history; names a drug that does not help, and no sign."""
    return " ".join(
        (
            _fill(rng.choice(_CAUSE), name=name, mechanism=mechanism),
            _fill(rng.choice(_CONFIRMED), name=name, marker=marker),
            rng.choice(_RARE),
            _fill(rng.choice(_HISTORY), other=other),
        )
    )


def caption_of(condition: Condition) -> str:
    """What stands below an image of the condition: a finding and an impression, never treatment or course."""
    return f"The {words.EXAMINATION[condition.modality]} shows a {condition.sign}. Impression: {condition.name}."


def condition_documents(condition: Condition, *, seed: int) -> tuple[Document, Document]:
    """The page of one condition, and the laboratory note on it."""
    rng = random.Random(f"document:{seed}:{condition.name}")
    other = rng.choice([t for t in words.TREATMENTS if t != condition.treatment])
    name, phrase, title = condition.name, condition.phrase, condition.name.capitalize()
    imaging = imaging_section(rng, phrase=phrase, name=name, treatment=condition.treatment)
    course = course_section(rng, phrase=phrase, complication=condition.complication)
    background = background_section(rng, name=name, mechanism=condition.mechanism, marker=condition.marker, other=other)
    page = (Section("Imaging and treatment", imaging), Section("Course", course))
    note = (Section("Background", background),)
    return (
        Document(name, title, page, "clinic", LICENCE, condition.modality),
        Document(f"{name}-laboratory", title, note, "clinic", LICENCE, condition.modality),
    )


def distractor_documents(*, seed: int) -> list[Document]:
    """General documents: one on each modality, texture, location and shape. They answer no question."""
    rng = random.Random(f"distractors:{seed}")
    documents = []
    for modality in words.MODALITIES:
        text = (
            f"A good {words.EXAMINATION[modality]} starts with a calm patient. Explain {modality} in plain words, "
            "remove metal and jewellery, and note the time of the last meal. Sharp images save a second visit. "
            "The report names the finding first, then what it may mean, and ends with one clear advice."
        )
        documents.append(_general(f"guide-{modality.replace(' ', '-')}", f"Guide to {modality}", text, modality))
    for word in (*words.TEXTURES, *words.LOCATIONS, *words.SHAPES):
        text = (
            f"Readers use the word {word} in different ways. In this handbook a {word} finding is named only when two "
            f"readers see it without help. {rng.choice(_READING)} The word {word} alone never settles "
            "what is wrong; it takes the whole sign and the kind of examination."
        )
        documents.append(_general(f"word-{word}", f"On the word {word}", text, ""))
    return documents


def _general(document_id: str, title: str, text: str, modality: str) -> Document:
    return Document(document_id, title, (Section("Overview", text),), "clinic", LICENCE, modality)


def to_markdown(document: Document, terms: tuple[str, ...]) -> str:
    """The document as a Markdown file with front matter."""
    head = (
        f"---\ntitle: {document.title}\nmodality: {document.modality}\nlicence: {document.licence}\n"
        f"terms: {'; '.join(terms)}\n---\n"
    )
    body = "".join(f"\n## {section.heading}\n\n{section.text}\n" for section in document.sections)
    return f"{head}\n# {document.title}\n{body}"
