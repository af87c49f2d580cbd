"""The console that commands print to."""

from __future__ import annotations

from rich.console import Console

LOG_WIDTH = 120


def make_console() -> Console:
    """As wide as the terminal; wide enough for a table where there is none (a pipe, a log)."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=LOG_WIDTH)
