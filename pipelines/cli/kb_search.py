"""`medrwr kb search`: what the retriever finds, as the policy would get it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from medrwr.errors import ConfigError
from medrwr.types import ScoredPassage
from pipelines.catalogue import suggest
from pipelines.cli.screen import make_console
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.process import set_environment


def search(
    query: str,
    *,
    count: int,
    sources: tuple[str, ...] = (),
    as_json: bool = False,
    root: Path = Path(),
    console: Console | None = None,
) -> None:
    """Print the best passages of the built index.

    Raises:
        ConfigError: the query is blank, or a source is unknown.
        ArtefactError: there is no index, or it does not fit the parameters.
    """
    params, paths = load_params(root), Paths(root)
    if not query.strip():
        raise ConfigError("the query is blank: say what to look for")
    known = list(params.knowledge_base.sources)
    for source in sources:
        if source not in known:
            raise ConfigError(f"source {source!r} is not in params.yaml: {suggest(source, known)}")
    set_environment(params)
    from medrwr.retrieval import PassageFilter, open_retriever

    retriever = open_retriever(
        paths.index, paths.index_manifest, paths.encoders, params.index, threads=params.base.threads
    )
    (found,) = retriever.search_batch([query], k=count, where=PassageFilter(sources=sources))
    if as_json:
        print(json.dumps([asdict(scored) for scored in found], ensure_ascii=False, indent=2))
    else:
        _print(found, console or make_console())


def _print(found: Sequence[ScoredPassage], console: Console) -> None:
    if not found:
        console.print("nothing was found")
    for number, scored in enumerate(found, start=1):
        passage = scored.passage
        about = " > ".join(part for part in (passage.title, passage.section) if part)
        rest = ", ".join(part for part in (passage.source, passage.document_id, passage.licence, passage.date) if part)
        console.print(f"[bold]{number}. {escape(about)}[/bold]   {scored.score:.3f}")
        console.print(f"[dim]{escape(rest)}[/dim]")
        console.print(escape(passage.text) + "\n")
