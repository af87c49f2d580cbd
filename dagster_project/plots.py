"""A stage's plot files (CSV, or JSON lists of objects) as small pictures inside Markdown."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MOST_PICTURES = 6
MOST_LINES = 8


def draw_folder(path: Path) -> list[str]:
    """One Markdown image for each plot file below `path`, at most MOST_PICTURES; files without numbers are left out."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    tables = ((file, read_table(file)) for file in files if file.suffix in (".csv", ".json"))
    drawn = [draw(file.stem, table) for file, table in tables if table is not None and len(table.columns) > 1]
    return drawn[:MOST_PICTURES]


def read_table(file: Path) -> pd.DataFrame | None:
    """The numeric columns of a plot file; None where it is empty or no table. The first column is the x axis."""
    import pandas as pd

    if file.suffix == ".json":
        content = json.loads(file.read_text(encoding="utf-8"))
        table = pd.DataFrame(content) if isinstance(content, list) and content else pd.DataFrame()
    elif file.stat().st_size:
        table = pd.read_csv(file)
    else:
        return None
    numeric = table.select_dtypes("number")
    return numeric if len(numeric) else None


def draw(title: str, table: pd.DataFrame) -> str:
    """Lines over the first column as a PNG in a data address, so that no file has to be served."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0, 2.8), dpi=80, layout="constrained")
    axes = figure.subplots()
    horizontal = str(table.columns[0])
    for column in list(table.columns[1:])[:MOST_LINES]:
        axes.plot(table[horizontal], table[column], marker="." if len(table) < 30 else None, label=str(column))
    axes.set(title=title, xlabel=horizontal)
    axes.legend(fontsize="x-small")
    axes.grid(visible=True, alpha=0.3)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return f"![{title}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})"
