"""The offline language model: it sorts and rearranges what a caption says, by its cue words, and knows nothing else.

It sees what any endpoint sees, image and caption, and never an ontology or a record. Served by `offline.py`.
"""

from __future__ import annotations

import re
from typing import Any

from medrwr.curation.explanation_text import clean_sentences
from medrwr.curation.words import content_words, sentences

_CONCLUSION = re.compile(
    r"^(?:impression|conclusion|diagnosis|assessment)\s*[:\-]\s*|\b(?:consistent with|compatible with"
    r"|suggest(?:s|ive of|ing)?|diagnos(?:is of|tic of|ed (?:with|as))|indicat(?:es|ive of|ing)|in keeping with"
    r"|represent(?:s|ing)|due to)\s+",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"^(?P<label>(?:(?:first|main|initial) )?(?:treatment|therapy|management|recommendation|complication|marker|drug))"
    r"\s*:\s*(?P<plan>\S.*)",
    re.IGNORECASE,
)  # a report's sections behind its impression
_CLINICAL = re.compile(
    r"\b(?:\d{1,3}[- ]?(?:year|month|day)s?[- ]old|(?:wo)?man|boy|girl|fe?male|history|present(?:s|ed|ing)|complain|"
    r"symptoms?|admitted)\b",
    re.IGNORECASE,
)
_TREATMENT = r"treat|therap|drug|dose|dosage|manag|surg|given|administ|prescri|antibiotic|vaccin|prevent|inhibit"
_SYMPTOM = r"symptom|signs?\b|complain|pain|fever|cough|vomit|rash|swell|tender|present(?:s|ing) with"
_TERM = r"\b(?:is|are) (?:a|an|the|called|known|defined|termed)\b|refers? to|means\b|definition|denotes"
_CUES = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in (
        ("treatment_protocols", _TREATMENT),
        ("symptoms_and_signs", _SYMPTOM),
        ("medical_terminology", _TERM),
    )
}
_REST = "disease_manifestations"
_MOST_WRONG = 3
_ALIKE = 1.5  # times the shorter option


def record_of(caption: str) -> dict[str, str]:
    """The four parts of M12; a part without a sentence is empty. A report's last section is its conclusion.

    >>> record_of("A lucent disc is seen. Impression: cyst. First treatment: rest.")["conclusion"]
    'First treatment: rest'
    """
    clinical, observed, concluded, planned = [], [], [], []
    for sentence in sentences(caption):
        cue = _CONCLUSION.search(sentence)
        if plan := _PLAN.match(sentence):
            planned.append(f"{plan['label']}: {plan['plan'].strip(' .')}")
        elif cue:
            concluded.append(sentence[cue.end() :].strip(" ."))
            before = sentence[: cue.start()].strip(" ,.")
            if len(content_words(before)) > 1:
                observed.append(f"{before}.")
        elif _CLINICAL.search(sentence):
            clinical.append(sentence)
        else:
            observed.append(sentence)
    impression, observation = "; ".join(concluded), " ".join(observed)
    steps = [f"This points to {impression}."] if impression else []
    steps += [f"{plan}." for plan in planned[-1:]]
    return {
        "clinical_information": " ".join(clinical),
        "observation": observation,
        "analysis": " ".join((observation, *steps)) if observation and steps else "",
        "conclusion": planned[-1] if planned else impression,
    }


def item_of(record: dict[str, Any]) -> dict[str, Any]:
    """A question that asks for the record's conclusion, wrong options from the first other ones of like length.

    A section of a report is asked for by its name, beside what other reports say under that name.
    """
    label, conclusion = _section(str(record["conclusion"]))
    own = set(content_words(conclusion))
    sections = [_section(str(other)) for other in record["other_conclusions"]]
    others = [said for name, said in sections if name == label and not own & set(content_words(said))]
    wrong = sorted(dict.fromkeys(others), key=lambda other: _unlike(len(other), len(conclusion)))[:_MOST_WRONG]
    asked = (
        f"What is the {label} of the finding in this image?" if label else "Which conclusion does the image support?"
    )
    return {
        "question": f"{record['clinical_information']} {asked}".strip(),
        "options": [conclusion, *wrong],
        "answer": 0,
        "explanation": str(record["analysis"]),
    }


def _unlike(one: int, other: int) -> int:
    """By how many characters two lengths differ; 0 while neither option would stick out."""
    return 0 if max(one, other) <= _ALIKE * min(one, other) else abs(one - other)


def _section(conclusion: str) -> tuple[str, str]:
    """The name of a report's section in small letters, and what it says; no name: an impression."""
    plan = _PLAN.match(conclusion)
    return (plan["label"].lower(), plan["plan"]) if plan else ("", conclusion)


def explanation_of(explanation: str) -> dict[str, list[str]]:
    """The four lists of M9: each sentence in the first one whose cue words it has."""
    found: dict[str, list[str]] = {
        name: [] for name in ("medical_terminology", "symptoms_and_signs", _REST, "treatment_protocols")
    }
    for sentence in clean_sentences(explanation):
        found[next((name for name, cue in _CUES.items() if cue.search(sentence)), _REST)].append(sentence)
    return found
