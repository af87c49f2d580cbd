"""One episode as HTML: question, images, thoughts, queries, passages, similar cases, answer; text is escaped (M5)."""

from __future__ import annotations

from html import escape
from pathlib import Path

from medrwr.evaluation.examples import Example, Step
from medrwr.evaluation.page import picture
from medrwr.evaluation.results import CELL_LABELS
from medrwr.types import LETTERS

_LONGEST = 1200  # characters of a passage that the page shows


def example_html(example: Example, image_root: Path) -> str:
    """A worked example as a card of its own."""
    head = f"<h3>{escape(example.why.capitalize())}</h3>"
    return f'<article class="card example">{episode_html(example, image_root, head)}</article>'


def episode_html(example: Example, image_root: Path, head: str = "", account: str = "") -> str:
    """The two columns of an episode: its images, and what happened. `head` is HTML already, `account` is text."""
    images = "".join(picture(image_root / image, "the question's image") for image in example.images)
    options = ", ".join(f"{LETTERS[i]}. {escape(option)}" for i, option in enumerate(example.options))
    cell = CELL_LABELS.get(example.cell, example.cell)
    entries = [
        f'{head}<div class="soft">{escape(example.question_id)}, {escape(cell)}</div>',
        f"<dl><dt>Question</dt><dd>{escape(example.question)}<br>{options}</dd>",
        *(_step(step) for step in example.steps),
        *_cases(example, image_root),
        f"<dt>Re-retrieval</dt><dd>{escape(account)}</dd>" if account else "",
        f"<dt>Answer</dt><dd>{_answer(example)}</dd></dl>",
    ]
    return f"<div>{images}</div><div>{''.join(entries)}</div>"


def _answer(example: Example) -> str:
    verdict = "right" if example.correct else "wrong"
    confidence = "" if example.confidence is None else f", confidence {example.confidence:.2f}"
    calibrated = " (calibrated)" if example.calibrated and confidence else ""
    correction = "" if example.correct else f"; right is {escape(example.gold)}"
    return f'<span class="{verdict}">{escape(example.answer)}, {verdict}</span>{confidence}{calibrated}{correction}'


def _step(step: Step) -> str:
    shown = f"<dt>Think</dt><dd>{escape(step.think)}</dd>"
    if step.query is None:
        return shown
    sources = "".join(f"<li><b>{escape(found.title)}</b> {_shortened(found.text)}</li>" for found in step.sources)
    found = f"<ol>{sources}</ol>" if sources else "nothing"
    return f"{shown}<dt>Query</dt><dd>{escape(step.query)}</dd><dt>Passages</dt><dd>{found}</dd>"


def _shortened(text: str) -> str:
    return escape(text if len(text) <= _LONGEST else text[:_LONGEST] + " ...")


def _cases(example: Example, image_root: Path) -> list[str]:
    return [
        f"<dt>Similar case, cosine {case.similarity:.2f}</dt><dd>{_shortened(case.caption)}"
        f'<div style="max-width:96px">{picture(image_root / case.image, "a similar case")}</div></dd>'
        for case in example.cases
    ]
