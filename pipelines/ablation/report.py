"""The evaluation's report with every ablation that was run, as one self-contained page."""

from __future__ import annotations

from pathlib import Path

from medrwr.evaluation.report import MEASURED
from medrwr.records import write_text_atomic

NAME = "report.html"
_BEFORE = f"<h2>{MEASURED}</h2>"


def write_report(folder: Path, evaluation: Path) -> Path | None:
    """`folder`/report.html: the page `evaluation` with the pages of all grids in `folder`; None where there is none.

    The evaluation's own page is an output of a stage, and stays as the stage wrote it.
    """
    pages = [path for path in sorted(folder.glob("*.html")) if path.name != NAME]
    if not evaluation.is_file() or not pages:
        return None
    head, mark, rest = evaluation.read_text(encoding="utf-8").partition(_BEFORE)
    sections = "\n".join(_section(path.read_text(encoding="utf-8")) for path in pages)
    write_text_atomic(folder / NAME, f"{head}<h2>Ablations</h2>\n{sections}\n{mark}{rest}")
    return folder / NAME


def _section(page: str) -> str:
    """What a grid's page shows; its heading is one of a section here."""
    body = page.partition("<body>\n")[2].partition("\n</body>")[0]
    return body.replace("<h1>", "<h3>").replace("</h1>", "</h3>")
