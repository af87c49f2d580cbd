"""`medrwr example`: one worked example of the last evaluation, block by block."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from medrwr.errors import ArtefactError
from medrwr.evaluation.examples import Example
from medrwr.records import read_records
from medrwr.types import LETTERS
from pipelines.cli.rendering import print_steps
from pipelines.cli.screen import make_console
from pipelines.paths import Paths


def example(root: Path = Path(), console: Console | None = None) -> None:
    """Print the first example: the evaluation puts one that used retrieval well there, if it had one.

    Raises:
        ArtefactError: there was no evaluation, or it kept no example.
    """
    paths, console = Paths(root), console or make_console()
    path = paths.evaluation / "examples.jsonl"
    examples, _ = read_records(path, Example)
    if not examples:
        raise ArtefactError(f"{path} holds no example: run `dvc repro --force evaluate`")
    print_example(examples[0], paths, console)


def print_example(shown: Example, paths: Paths, console: Console) -> None:
    """Question, blocks, answer and gold."""
    images = ", ".join(str(paths.clinic / image) for image in shown.images)
    console.print(f"[bold]{escape(shown.question)}[/bold]" + (f"   [dim]{escape(images)}[/dim]" if images else ""))
    for letter, option in zip(LETTERS, shown.options, strict=False):
        console.print(f"  {letter}. {escape(option)}")
    console.print()
    print_steps(console, [*_blocks(shown), ("answer", shown.answer)])
    kind = "calibrated" if shown.calibrated else "not calibrated"
    confidence = "" if shown.confidence is None else f"   confidence {shown.confidence:.0%} ({kind})"
    verdict = "[green]right[/]" if shown.correct else f"[red]wrong[/], it is {escape(shown.gold)}"
    console.print(f"\n{verdict}{confidence}   ({escape(shown.why)})")


def _blocks(shown: Example) -> list[tuple[str, str]]:
    blocks: list[tuple[str, str]] = []
    for step in shown.steps:
        blocks.append(("think", step.think))
        if step.query is not None:
            blocks.append(("query", step.query))
            found = [f"[{number}] {source.title}: {source.text}" for number, source in enumerate(step.sources, start=1)]
            blocks.append(("passages", "\n".join(found)))
    cases = [f"[{number}] {case.caption}" for number, case in enumerate(shown.cases, start=1)]
    return [*blocks, ("cases", "\n".join(cases))] if cases else blocks
