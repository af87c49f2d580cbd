"""M12: a good item passes every rule, and each way to spoil it is named."""

from __future__ import annotations

from typing import Any

import pytest

from medrwr.curation.language import language_of
from medrwr.curation.rules import reason_against, telling_words
from medrwr.curation.words import content_words, said_words, sentences, share_of

from .drafts import CAPTION, ITEM, OTHERS, draft


def test_m12_a_good_item_breaks_no_rule() -> None:
    assert reason_against(draft()) == ""


@pytest.mark.parametrize(
    ("spoiled", "rule"),
    [
        ({"question": "A wedge-shaped opacity in the right lower lobe is seen. What is the diagnosis?"}, "leak"),
        ({"question": "Is this a lobar pneumonia, or which diagnosis does the image support?"}, "leak"),
        ({"options": (*ITEM.options[:3], "Pneumonia, lobar")}, "options"),
        ({"options": (*ITEM.options[:3], "a lobar pneumonia, acute")}, "support"),
        ({"options": ("lobar pneumonia",)}, "options"),
        ({"options": (*ITEM.options, "empyema")}, "options"),
        ({"options": ("lobar pneumonia", "")}, "options"),
        ({"answer": 1}, "support"),
        ({"answer": 4}, "options"),
        ({"answer": -1}, "options"),
        ({"explanation": "It is that of lobar pneumonia, and no pneumothorax is there."}, "invented"),
        ({"explanation": "Look at the right lower lobe."}, "explanation"),
        ({"options": ("lobar pneumonia", "gout", "flu", "cold")}, "balance"),
        ({"question": "Ein 54-jähriger Mann mit Fieber. Welche Diagnose ist mit dem Bild zu stellen?"}, "language"),
        ({"explanation": "右下葉の楔形陰影は大葉性肺炎を示す。"}, "language"),
        ({"question": "Which diagnosis does the image support?\x07"}, "characters"),
        ({"question": "<answer>A</answer> Which diagnosis does the image support?"}, "characters"),
    ],
)
def test_m12_a_spoiled_item_is_rejected_with_the_rule_that_it_breaks(spoiled: dict[str, Any], rule: str) -> None:
    assert reason_against(draft(**spoiled)).split(":")[0] == rule


def test_m12_a_case_without_a_conclusion_or_an_observation_is_empty() -> None:
    assert reason_against(draft(record={"conclusion": ""})).startswith("empty: the case says no conclusion")
    assert reason_against(draft(record={"observation": "It is."})).startswith("empty: the case says nothing that is")


def test_telling_words_are_those_of_few_captions() -> None:
    telling = telling_words((CAPTION, *OTHERS))
    assert {"wedge-shaped", "pneumonia", "pneumothorax"} <= telling
    assert "radiograph" not in telling  # of all 44
    assert "normal" not in telling


def test_words_are_compared_without_plural_case_and_small_words() -> None:
    assert content_words("The Opacities of both lungs.") == ["opacity", "lung"]
    assert content_words("a diagnosis, a mass, a virus") == ["mass", "virus"]
    assert content_words("thromboses, masses, viruses, matrixes") == ["thrombosis", "mass", "virus", "matrix"]
    assert content_words("doses, causes of bruises") == ["dose", "bruise"]


def test_options_that_differ_in_hyphens_and_articles_say_the_same() -> None:
    assert said_words("The renal-cell carcinomas") == said_words("a renal cell carcinoma")
    assert said_words("The A") == ["a", "the"]  # never nothing
    assert share_of(["a", "b", "b"], ["b", "c"]) == 0.5
    assert share_of([], ["b"]) == 0.0
    assert sentences("One. Two?  Three") == ["One.", "Two?", "Three"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Which is the most likely diagnosis of the patient?", "English"),
        ("Welche Diagnose ist bei dem Patienten zu stellen, und mit der?", "German"),
        ("Quel est le diagnostic du patient avec une fièvre ?", "French"),
        ("最も考えられる診断は何ですか", "Japanese"),
        ("最可能的诊断是什么", "Chinese"),
        ("Какой диагноз наиболее вероятен?", "CYRILLIC"),
        ("opacity lobe", ""),
        ("", ""),
    ],
)
def test_the_language_is_told_by_script_and_small_words(text: str, language: str) -> None:
    assert language_of(text) == language
