"""`medrwr summary`: each stage with its seconds, memory and key figure, then the champion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from medrwr.errors import ArtefactError
from pipelines.catalogue import STAGES
from pipelines.cli.screen import make_console
from pipelines.paths import Paths


def summary(root: Path = Path(), console: Console | None = None) -> None:
    """Print the table.

    Raises:
        ArtefactError: no stage has run in this workspace.
    """
    paths, console = Paths(root), console or make_console()
    timings = read_timings(paths)
    if not timings:
        raise ArtefactError(f"no stage has run in {root.resolve()}: run `make pipeline`, or `dvc repro`")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    table.add_column("MiB", justify="right")
    table.add_column("key figure", overflow="fold")
    for name, timing in timings.items():
        table.add_row(name, f"{timing['seconds']:.1f}", f"{timing['peak_mb']:.0f}", timing["headline"])
    for stage in STAGES:
        if not any(_stage_of(name) == stage for name in timings):
            table.add_row(stage, "-", "-", "has not run here", style="dim")
    total = sum(timing["seconds"] for timing in timings.values())
    peak = max(timing["peak_mb"] for timing in timings.values())
    table.add_row("all", f"{total:.1f}", f"{peak:.0f}", "of each stage's last run", style="bold")
    console.print(table)
    console.print(champion_line(paths))


def read_timings(paths: Paths) -> dict[str, dict[str, Any]]:
    """Stage -> timing of its last run, in the order of the pipeline; knowledge bases by source."""
    found: dict[str, dict[str, Any]] = {}
    folder = paths.timing("any").parent
    for stage in STAGES:
        for path in sorted({paths.timing(stage), *folder.glob(f"{stage}_*.json")}):
            if path.is_file() and _stage_of(path.stem) == stage:
                found[path.stem] = json.loads(path.read_text(encoding="utf-8"))
    return found


def champion_line(paths: Paths) -> str:
    """Who answers, as the last registration left it."""
    if not paths.registration.is_file():
        return "No model is registered yet."
    record = json.loads(paths.registration.read_text(encoding="utf-8"))
    if not record["champion"]:
        return f"{record['model']} has no {record['alias']} yet."
    digest = record["digests"]["checkpoint"][:12]
    own = f" (checkpoint {digest})" if record["champion"] == record["version"] else ""
    return f"{record['model']}@{record['alias']} is version {record['champion']}{own}: {record['reason']}"


def _stage_of(name: str) -> str:
    """'knowledge_base' for 'knowledge_base_clinic', 'grpo_text' for 'grpo_text'."""
    return name if name in STAGES else next(stage for stage in STAGES if name.startswith(stage))
