"""Server-sent events, read: (kind, JSON data) from lines of bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any


def read_events(lines: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
    """Events as they come; comments and `[DONE]` are left out. `lines` end with a newline each.

    Raises:
        ValueError: an event's data is no JSON.
    """
    kind, data = "message", list[str]()
    for line in lines:
        text = line.decode("utf-8").rstrip("\r\n")
        if not text:
            if data and data != ["[DONE]"]:
                yield kind, json.loads("\n".join(data))
            kind, data = "message", []
            continue
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
