"""What a language model was paid for, kept by content address: no request is paid for twice, a killed run goes on.

One sqlite file. A reply is on the disk before anything is done with it, whether it turns out usable or not.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from medrwr.curation.endpoint.requests import ChatReply
from medrwr.errors import ArtefactError

_TABLE = """CREATE TABLE IF NOT EXISTS replies (
  key TEXT PRIMARY KEY, content TEXT NOT NULL, finished TEXT NOT NULL,
  prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL
) WITHOUT ROWID"""
_ROW = "content, finished, prompt_tokens, completion_tokens"


class ReplyCache:
    """Replies by key; safe to share between threads, and between processes.

    Raises:
        ArtefactError: the file is no cache of replies. It is not begun again: it holds what was paid for.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._store = sqlite3.connect(path, timeout=60, check_same_thread=False)
            self._store.execute("PRAGMA journal_mode=WAL")
            self._store.execute("PRAGMA synchronous=FULL")
            with self._store:
                self._store.execute(_TABLE)
        except sqlite3.DatabaseError as error:
            raise ArtefactError(
                f"{path} is no cache of replies ({error}): restore it, or move it away to pay for everything again"
            ) from None

    def get(self, key: str) -> ChatReply | None:
        """The reply of that key, or None."""
        with self._lock:
            row = self._store.execute(f"SELECT {_ROW} FROM replies WHERE key = ?", (key,)).fetchone()  # noqa: S608
        return None if row is None else ChatReply(*row)

    def put(self, key: str, reply: ChatReply) -> None:
        """Keep a reply; when this returns it survives a power cut."""
        values = (key, reply.content, reply.finished, reply.prompt_tokens, reply.completion_tokens)
        with self._lock, self._store:
            self._store.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?)", values)

    def mean_completion_tokens(self) -> float | None:
        """Of all replies here; None when there are none. What a dry run estimates with."""
        with self._lock:
            mean = self._store.execute("SELECT avg(completion_tokens) FROM replies").fetchone()[0]
        return None if mean is None else float(mean)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._store.close()
