"""The four blocks of the protocol (M2) and their tags."""

from __future__ import annotations

import re

THINK, QUERY, RETRIEVE, ANSWER = "think", "query", "retrieve", "answer"
BLOCKS = (THINK, QUERY, RETRIEVE, ANSWER)
TAG = re.compile(r"</?(?:think|query|retrieve|answer)>")
LONGEST_TAG = len("</retrieve>")


def opening(block: str) -> str:
    """'<think>' for 'think'."""
    return f"<{block}>"


def closing(block: str) -> str:
    """'</think>' for 'think'."""
    return f"</{block}>"


TAGS = tuple(tag for block in BLOCKS for tag in (opening(block), closing(block)))
