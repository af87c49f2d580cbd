"""A share of the answers as MLflow traces, written in the background: no answer waits or fails for it."""

from __future__ import annotations

import logging
import queue
import random
import threading

from medrwr.errors import MedrwrError
from medrwr.serving.http.service import Finished
from pipelines.tracking.store import Store
from pipelines.tracking.traces import Episode, log_traces

_LOG = logging.getLogger(__name__)
_MOST = 200
_TOGETHER = 20


class TraceWriter:
    """Called with an answer, it queues a `share` of them; when MLflow is away they are dropped."""

    def __init__(self, store: Store, share: float) -> None:
        self._store, self._share = store, share
        self._queue: queue.Queue[Episode] = queue.Queue(_MOST)
        self._random = random.Random()
        threading.Thread(target=self._write, name="medrwr-traces", daemon=True).start()

    def __call__(self, done: Finished) -> None:
        if self._random.random() >= self._share:
            return
        answer = done.answer
        tags = {"answer_id": answer.id, "version": answer.model.version, "source": "serve"}
        self._queue.put_nowait(Episode(done.question, done.looked.chosen, {"confidence": answer.confidence}, tags))

    def _write(self) -> None:
        while True:
            episodes = [self._queue.get()]
            while len(episodes) < _TOGETHER and not self._queue.empty():
                episodes.append(self._queue.get_nowait())
            try:
                log_traces(self._store, episodes)
            except MedrwrError as error:
                _LOG.warning("%d traces are lost: %s", len(episodes), error)
