"""Knowledge from explanations (M9, ExpKB): what an explanation says, in four lists of sentences, becomes a document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

from medrwr.curation.endpoint import Asker
from medrwr.curation.explanation_text import why_unfit
from medrwr.curation.items import ExplanationRecord, reader
from medrwr.curation.prompts import explanation_request
from medrwr.types import Quarantined, Question

Progress = Callable[[int, int, str], None]
HEADINGS = {
    "medical_terminology": "Medical terminology",
    "symptoms_and_signs": "Symptoms and signs",
    "disease_manifestations": "Disease manifestations",
    "treatment_protocols": "Treatment protocols",
}


@dataclass(frozen=True, slots=True)
class ExplanationDocument:
    """A document of the knowledge base, as `medrwr kb add` reads it from JSON lines."""

    id: str
    title: str
    text: str
    licence: str


@dataclass(frozen=True, slots=True)
class Explained:
    """Documents, sentences and explanations left out with their reasons, and what is left for a later run."""

    documents: tuple[ExplanationDocument, ...]
    filtered: tuple[Quarantined, ...]
    postponed: tuple[Quarantined, ...]


def explain(
    questions: Sequence[Question], asker: Asker, *, source: str, licence: str, progress: Progress | None = None
) -> Explained:
    """Ask for each explanation's four lists; keep the sentences that are knowledge and say what the source says.

    Questions without an explanation are left out silently: there is nothing to read.
    """
    told = [question for question in questions if question.explanation.strip()]
    asked = [explanation_request(question.explanation) for question in told]
    outcomes = asker.ask_all(asked, reader(ExplanationRecord), label="explanations", progress=progress)
    documents: list[ExplanationDocument] = []
    filtered: list[Quarantined] = []
    postponed: list[Quarantined] = []
    for question, outcome in zip(told, outcomes, strict=True):
        if outcome.made is None:
            place = postponed if outcome.failed else filtered
            place.append(Quarantined(question.question_id, source, outcome.failed or f"reply: {outcome.rejected}"))
            continue
        kept, unfit = _sorted_out(outcome.made, question.explanation)
        filtered += [Quarantined(question.question_id, source, reason) for reason in unfit]
        if text := _text(kept):
            documents.append(ExplanationDocument(question.question_id, question.kind, text, licence))
    return Explained(tuple(documents), tuple(filtered), tuple(postponed))


def _sorted_out(record: ExplanationRecord, explanation: str) -> tuple[dict[str, list[str]], list[str]]:
    """The fit sentences by list, each sentence once, and a reason with the sentence for every other."""
    kept: dict[str, list[str]] = {field.name: [] for field in fields(record)}
    unfit: list[str] = []
    seen: set[str] = set()
    for name, sentences in asdict(record).items():
        for sentence in sentences:
            reason = why_unfit(sentence, explanation)
            if reason:
                unfit.append(f"{reason}: {sentence[:80]!r}")
            elif sentence.casefold() not in seen:
                seen.add(sentence.casefold())
                kept[name].append(sentence)
    return kept, unfit


def _text(kept: dict[str, list[str]]) -> str:
    """Sections with their sentences; '' when nothing is left."""
    return "\n\n".join(f"{HEADINGS[name]}\n{' '.join(sentences)}" for name, sentences in kept.items() if sentences)
