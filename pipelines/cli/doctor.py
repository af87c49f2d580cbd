"""`medrwr doctor`: what is there, what is missing, and what to do about it."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.cli.screen import make_console
from pipelines.doctor import examine
from pipelines.process import TELEMETRY_OFF


def doctor(*, as_json: bool = False, root: Path = Path(), console: Console | None = None) -> bool:
    """Print one line a need; whether nothing is missing."""
    os.environ.update(TELEMETRY_OFF)
    logging.getLogger("dvc").setLevel(logging.ERROR)  # what it warns of stands in the table
    console = console or make_console()
    findings = list(examine(root))
    if as_json:
        console.print_json(json.dumps([asdict(one) for one in findings]))
    else:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for heading in ("", "need", "found", "to do"):
            table.add_column(heading, overflow="fold")
        for one in findings:
            table.add_row(one.verdict, one.need, escape(one.found), escape(one.remedy))
        console.print(table)
    return all(one.verdict != "missing" for one in findings)
