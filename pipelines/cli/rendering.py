"""A reply for people: thoughts, queries, what was found, the answer and its sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medrwr.serving.asking import Ask
from medrwr.types import LETTERS
from pipelines.cli.screen import make_console

STYLES = {
    "think": "italic",
    "query": "bold cyan",
    "retrieve": "dim",
    "passages": "dim",
    "cases": "dim",
    "answer": "bold",
}


def print_reply(asked: Ask, reply: Mapping[str, Any], console: Console | None = None) -> None:
    """Print one reply (`medrwr.serving.replies.Reply` as a mapping)."""
    console = console or make_console()
    console.print(f"[bold]{escape(asked.question)}[/bold]")
    for letter, option in zip(LETTERS, asked.options, strict=False):
        console.print(f"  {letter}. {escape(option)}")
    console.print()
    print_steps(console, [(step["kind"], step["text"]) for step in reply["trajectory"]])
    console.print()
    console.print(_verdict(reply))
    if reply["sources"]:
        console.print(_sources(reply["sources"]))


def print_steps(console: Console, steps: list[tuple[str, str]]) -> None:
    """The blocks of a trajectory, one below the other."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for kind, text in steps:
        table.add_row(kind, f"[{STYLES.get(kind, 'none')}]{escape(text)}[/]")
    console.print(table)


def _verdict(reply: Mapping[str, Any]) -> str:
    if not reply["answer"]:
        return f"[bold red]no answer could be read[/] (the episode ended: {reply['stop_reason']})"
    kind = "calibrated" if reply["calibrated"] else "not calibrated"
    if not reply["parsed"]:
        kind += "; the model's own answer could not be read, this is the most probable option"
    again = "; similar cases were consulted" if reply["re_retrieved"] else ""
    return (
        f"[bold green]{reply['answer']}. {escape(reply['answer_text'])}[/]   "
        f"confidence {reply['confidence']:.0%} ({kind}{again})"
    )


def _sources(sources: list[Mapping[str, Any]]) -> Table:
    table = Table(title="sources", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("", "title", "source", "passage"):
        table.add_column(heading, overflow="fold")
    for number, source in enumerate(sources, start=1):
        table.add_row(f"[{number}]", escape(source["title"]), escape(source["source"]), source["passage_id"])
    return table
