"""`medrwr kb list` and `medrwr kb stats`: what the knowledge bases hold."""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medrwr.knowledge_base.output import PASSAGES, QUARANTINE
from medrwr.records import read_records
from medrwr.types import Passage, Quarantined
from pipelines.cli.screen import make_console
from pipelines.params import load_params
from pipelines.paths import Paths

_SHOWN = 8
_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|\b[\w./-]*\d[\w./#-]*")


def list_sources(root: Path = Path(), console: Console | None = None, *, as_json: bool = False) -> None:
    """One line a source of params.yaml; '-' where it was not read yet."""
    paths, console = Paths(root), console or make_console()
    rows = []
    for name, entry in load_params(root).knowledge_base.sources.items():
        row: dict[str, Any] = {"source": name, "path": entry.path, "format": entry.format}
        rows.append({**row, **(_counts(paths.knowledge_base(name)) or {})})
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("source", no_wrap=True)
    for heading in ("documents", "passages", "quarantined"):
        table.add_column(heading, justify="right")
    table.add_column("format", no_wrap=True)
    table.add_column("path", overflow="fold")
    for row in rows:
        counts = [str(row.get(key, "-")) for key in ("documents", "passages", "quarantined")]
        table.add_row(escape(row["source"]), *counts, row["format"], escape(row["path"]))
    console.print(table)


def stats(root: Path = Path(), console: Console | None = None, *, as_json: bool = False) -> None:
    """Figures of each source that was read."""
    params, paths, console = load_params(root), Paths(root), console or make_console()
    found = {
        name: source_stats(paths.knowledge_base(name), params.knowledge_base.chunk_words)
        for name in params.knowledge_base.sources
        if (paths.knowledge_base(name) / PASSAGES).is_file()
    }
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if not found:
        console.print("no source was read yet: run `dvc repro knowledge_base`, or `medrwr kb add FOLDER`")
    for name, figures in found.items():
        console.print(f"[bold]{escape(name)}[/bold]")
        table = Table.grid(padding=(0, 2))
        for key, value in figures.items():
            table.add_row(f"  {key.replace('_', ' ')}", escape(_shown(value)))
        console.print(table)


def source_stats(folder: Path, chunk_words: int) -> dict[str, Any]:
    """Of one source: passages, their words, and what their documents say of themselves."""
    passages, _ = read_records(folder / PASSAGES, Passage)
    quarantined, _ = read_records(folder / QUARANTINE, Quarantined)
    words = sorted(len(passage.text.split()) for passage in passages)
    dates = sorted(passage.date[:4] for passage in passages if passage.date)
    return {
        "documents": len({passage.document_id for passage in passages}),
        "passages": len(passages),
        "words_mean": round(statistics.fmean(words), 1) if words else 0,
        "words_median": statistics.median(words) if words else 0,
        "words_longest": words[-1] if words else 0,
        "share_of_full_length": round(sum(count >= chunk_words for count in words) / max(len(words), 1), 3),
        "licences": _most(Counter(passage.licence or "not stated" for passage in passages)),
        "modalities": _most(Counter(passage.modality for passage in passages if passage.modality)),
        "years": f"{dates[0]} to {dates[-1]}" if dates else "",
        "quarantined": len(quarantined),
        "reasons": _most(Counter(_kind(one.reason) for one in quarantined)),
    }


def _counts(folder: Path) -> dict[str, int] | None:
    """Documents that have a passage, passages, quarantined records; nothing of a source that was not read."""
    if not (folder / PASSAGES).is_file():
        return None
    passages, _ = read_records(folder / PASSAGES, Passage)
    quarantined, _ = read_records(folder / QUARANTINE, Quarantined)
    documents = len({passage.document_id for passage in passages})
    return {"documents": documents, "passages": len(passages), "quarantined": len(quarantined)}


def _kind(reason: str) -> str:
    """A reason without what is particular to one file, cut to one line."""
    return " ".join(_NAMES.sub("..", reason).split())[:100]


def _most(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN])


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{count:6} {name}" for name, count in value.items()) or "-"
    return str(value) if value != "" else "-"
