"""One line to the person (or the log) that follows a stage."""

from __future__ import annotations

import sys


def say(message: str) -> None:
    """A line on stdout."""
    sys.stdout.write(message + "\n")
    sys.stdout.flush()


def warn(message: str) -> None:
    """A line on stderr; line breaks inside the message become spaces, so that it stays one line."""
    sys.stderr.write(" ".join(message.split()) + "\n")
    sys.stderr.flush()
