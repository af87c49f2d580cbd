"""What a person sees on an asset after a stage: headline, metrics, time, outs and plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_project.links import page_links, run_link
from dagster_project.lock import RecordedOut

if TYPE_CHECKING:
    from dagster_project.graph import StageNode

TIMINGS = "work/timings"


def stage_metadata(
    root: Path, node: StageNode, outs: Sequence[RecordedOut], *, skipped: bool
) -> dict[str, dg.MetadataValue[Any]]:
    """Metadata of one materialisation; numbers are numbers, so that Dagster draws them over time."""
    timing = read_json(root / TIMINGS / f"{node.name.replace('@', '_')}.json")
    found: dict[str, dg.MetadataValue[Any]] = {"skipped": dg.MetadataValue.bool(skipped)}
    if isinstance(headline := timing.get("headline"), str):
        found["headline"] = dg.MetadataValue.text(headline)
    for name in ("seconds", "peak_mb"):
        if isinstance(value := timing.get(name), int | float):
            found[name] = dg.MetadataValue.float(float(value))
    for path in node.metrics:
        found |= _metrics(read_json(root / path))
    found |= run_link(timing.get("mlflow", {})) | page_links(root, outs)
    if outs:
        found["outs"] = dg.MetadataValue.md(_table(outs))
    if node.plots and (pictures := _pictures(root, node)):
        found["plots"] = dg.MetadataValue.md(pictures)
    return found


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; {} where there is none."""
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}


def _metrics(values: dict[str, Any]) -> dict[str, dg.MetadataValue[Any]]:
    return {
        name: dg.MetadataValue.float(float(value)) for name, value in values.items() if isinstance(value, int | float)
    }


def _table(outs: Sequence[RecordedOut]) -> str:
    rows = [f"| {out.path} | {out.files} | {out.size / 1e6:.2f} | {out.md5} |" for out in outs]
    return "\n".join(["| out | files | MB | md5 |", "| --- | ---: | ---: | --- |", *rows])


def _pictures(root: Path, node: StageNode) -> str:
    from dagster_project.plots import draw_folder

    return "\n\n".join(picture for path in node.plots for picture in draw_folder(root / path))
