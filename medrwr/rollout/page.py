"""Groups of trajectories side by side as one static HTML page: what the policy did, what it earned, its advantages.

The page needs no server, no script and no network; everything that a model or a document wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from medrwr.types import Group, Question, Trajectory

_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:2rem;color:#1d2733;background:#fff}
section{margin-bottom:3rem}h2{font-size:1.05rem;margin:0 0 .3rem}.options{color:#5b6775;margin:0 0 .8rem}
.row{display:grid;grid-auto-flow:column;grid-auto-columns:20rem;gap:.8rem;overflow-x:auto;padding-bottom:.5rem}
article{border:1px solid #d8dee6;border-radius:6px;padding:.6rem .7rem}header{border-bottom:1px solid #d8dee6}
.right{border-top:4px solid #2e7d4f}.wrong{border-top:4px solid #b3423a}.number{font-variant-numeric:tabular-nums}
.block{margin:.5rem 0 0;padding-left:.6rem;border-left:3px solid #c3ccd6;white-space:pre-wrap;overflow-wrap:anywhere}
.query{border-color:#2a6fb0}.retrieve{border-color:#a9741b;color:#5b6775}.answer{border-color:#2e7d4f}
.block b{display:block;font-size:.75rem;color:#5b6775;font-weight:600}dl{display:grid;grid-template-columns:1fr auto;
margin:.3rem 0}dd{margin:0;text-align:right}details summary{cursor:pointer}
@media (prefers-color-scheme:dark){body{background:#12171d;color:#dde4ec}article,header{border-color:#38424e}}
"""


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group, and the reward parts of each of its trajectories."""

    group: Group
    parts: Sequence[Mapping[str, float]] = ()


def render_page(title: str, groups: Sequence[ShownGroup]) -> str:
    """The whole page."""
    body = "\n".join(_section(number, shown) for number, shown in enumerate(groups, start=1))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n"
        f"<p>{len(groups)} groups. Green: the right option. For research use only.</p>\n{body}\n</body></html>\n"
    )


def _section(number: int, shown: ShownGroup) -> str:
    question = shown.group.question
    options = ", ".join(f"{letter}. {text}" for letter, text in zip(question.letters, question.options, strict=True))
    images = f" · {len(question.images)} image(s)" if question.images else ""
    rows = "\n".join(_article(index, shown) for index in range(len(shown.group.trajectories)))
    return (
        f"<section><h2>{number}. {escape(question.text)}</h2>\n"
        f'<p class="options">{escape(options)} · right: {question.gold_letter}{images}</p>\n'
        f'<div class="row">\n{rows}\n</div></section>'
    )


def _article(index: int, shown: ShownGroup) -> str:
    trajectory, question = shown.group.trajectories[index], shown.group.question
    kind = "right" if trajectory.answer.letter == question.gold_letter else "wrong"
    figures = _figures(index, shown)
    terms = "".join(f'<dt>{escape(name)}</dt><dd class="number">{value:.3f}</dd>' for name, value in figures.items())
    return (
        f'<article class="{kind}"><header>{escape(trajectory.answer.letter or "no answer")} · '
        f"{trajectory.stop_reason.value}<dl>{terms}</dl></header>\n{_blocks(trajectory, question)}</article>"
    )


def _figures(index: int, shown: ShownGroup) -> dict[str, float]:
    group, figures = shown.group, {}
    if group.advantages:
        figures["advantage"] = group.advantages[index]
    if group.rewards:
        figures["reward"] = group.rewards[index]
    if shown.parts:
        figures |= {name: value for name, value in shown.parts[index].items() if name != "total"}
    if (confidence := group.trajectories[index].confidence) is not None:
        figures["its confidence"] = confidence
    return figures


def _blocks(trajectory: Trajectory, question: Question) -> str:
    blocks = []
    for turn in trajectory.turns:
        if turn.think:
            blocks.append(_block("think", turn.think))
        if turn.query is not None:
            blocks.append(_block("query", turn.query))
        for scored in turn.passages:
            said = f"{scored.passage.title}: {scored.passage.text}"
            gold = " · names the right option" if question.gold_text.lower() in said.lower() else ""
            blocks.append(_block("retrieve", said, note=f" {scored.score:.3f}{gold}"))
    blocks.append(_block("answer", trajectory.answer.raw or "-"))
    return "\n".join(blocks)


def _block(kind: str, text: str, note: str = "") -> str:
    return f'<div class="block {kind}"><b>{kind}{escape(note)}</b>{escape(text)}</div>'
