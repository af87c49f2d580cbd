"""Which language model curation asks: an endpoint that is named, by option or environment, else the offline one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medrwr.curation.endpoint import Asker, ChatClient, EndpointSettings, ReplyCache
from medrwr.curation.offline import OFFLINE_MODEL, offline_endpoint

REPLIES = "replies.sqlite"


@contextmanager
def open_asker(out: Path, endpoint: str, model: str, *, concurrency: int = 8) -> Iterator[Asker]:
    """Asks `endpoint` or OPENAI_BASE_URL (key in OPENAI_API_KEY, model or OPENAI_MODEL); replies are kept in `out`.

    Raises:
        ConfigError: an endpoint without a model.
    """
    out.mkdir(parents=True, exist_ok=True)
    url = endpoint or os.environ.get("OPENAI_BASE_URL", "")
    cache = ReplyCache(out / REPLIES)
    try:
        if url:
            named = model or os.environ.get("OPENAI_MODEL", "")
            key = os.environ.get("OPENAI_API_KEY", "")
            yield Asker(named, cache, ChatClient(EndpointSettings(url, named, api_key=key, concurrency=concurrency)))
            return
        with offline_endpoint() as local:
            yield Asker(OFFLINE_MODEL, cache, ChatClient(EndpointSettings(local, OFFLINE_MODEL)))
    finally:
        cache.close()
