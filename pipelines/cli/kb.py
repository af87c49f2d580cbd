"""`medrwr kb`: the knowledge bases. What the commands take; what they do is imported on use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Knowledge bases: add a folder of documents, list, search and verify what is there.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Argument(help="a folder of documents, formats may be mixed")]
Name = Annotated[str, typer.Option("--name", help="what to call the source; the folder's name when left out")]
Format = Annotated[str, typer.Option("--format", help="the format of every file; told by their content when left out")]
Licence = Annotated[str, typer.Option("--licence", help="of documents that do not name their own")]
Text = Annotated[list[str] | None, typer.Option("--text", help="tables: the column with the text; may be given again")]
Build = Annotated[bool, typer.Option("--index/--no-index", help="bring the index up to date, too")]
Query = Annotated[str, typer.Argument(help="what to look for")]
Count = Annotated[int, typer.Option("--count", "-k", min=1, max=100, help="how many passages")]
Source = Annotated[list[str] | None, typer.Option("--source", help="only of this source; may be given again")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def explain(
    questions: Annotated[Path, typer.Option("--questions", help="MedMCQA's file, or questions as JSON lines")],
    out: Annotated[Path, typer.Option("--out", help="where documents and what was filtered go")],
    benchmark: Annotated[list[Path] | None, typer.Option("--benchmark", help="questions to keep apart from")] = None,
    endpoint: Annotated[str, typer.Option("--endpoint", help="an OpenAI-compatible base URL; offline without")] = "",
    model: Annotated[str, typer.Option("--model", help="the model's name there")] = "",
    licence: Licence = "",
    leaks_allowed: Annotated[bool, typer.Option("--leaks-allowed", help="compare with no benchmark")] = False,
) -> None:
    """Turn the explanations of examination questions into documents, to be added as a source."""
    from pipelines.cli.kb_explain import Request, kb_explain

    kb_explain(Request(questions, out, tuple(benchmark or ()), endpoint, model, licence, leaks_allowed))


@app.command()
def add(
    folder: Folder,
    name: Name = "",
    format: Format = "auto",  # noqa: A002 - the option's name
    licence: Licence = "",
    text: Text = None,
    index: Build = True,
) -> None:
    """Make a folder a source, or bring a source up to date with its folder: only what changed is read again."""
    from pipelines.cli.kb_add import Request
    from pipelines.cli.kb_add import add as run

    run(Request(folder, name, format, licence, tuple(text or ()), index))


@app.command("list")
def list_sources(json: Json = False) -> None:
    """The sources: their documents, passages and quarantined files."""
    from pipelines.cli.kb_report import list_sources as run

    run(as_json=json)


@app.command()
def search(query: Query, count: Count = 3, source: Source = None, json: Json = False) -> None:
    """The passages that the index finds for a query."""
    from pipelines.cli.kb_search import search as run

    run(query, count=count, sources=tuple(source or ()), as_json=json)


@app.command()
def verify() -> None:
    """Whether folders, passages and index agree, by their digests; exit code 1 when they do not."""
    from pipelines.cli.kb_verify import verify as run

    run()


@app.command()
def stats(json: Json = False) -> None:
    """Lengths, licences, modalities and dates of the passages, and why files were quarantined."""
    from pipelines.cli.kb_report import stats as run

    run(as_json=json)
