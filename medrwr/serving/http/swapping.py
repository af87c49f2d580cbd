"""What is served now, and its replacement: the new one is opened beside the old, asked a question, and takes its place.

The old one answers what it was asked before, then leaves. Whatever fails leaves the old one where it is.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from medrwr.errors import MedrwrError, ServerError
from medrwr.serving.http.intake import Asked, Limits, take_in
from medrwr.serving.http.player import Job, Player
from medrwr.serving.http.versions import Opened, VersionKey, VersionSource
from medrwr.types import StopReason, Trajectory

_LOG = logging.getLogger(__name__)
_GOLDEN = Asked("Is pain in the chest a symptom?", ("yes", "no"))
_GOLDEN_SECONDS = 120.0
_RETRY_SECONDS = 30.0  # a version that failed is not opened again before


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """A version and the thread that plays what it is asked; `since` is UTC."""

    opened: Opened
    player: Player
    since: datetime


def tell_nobody(key: VersionKey, error: str) -> None:
    """Nobody wants to know."""


class Serving:
    """The version that answers. `swapped(key, error)` is told of every replacement and of every one that failed."""

    def __init__(
        self,
        source: VersionSource,
        limits: Limits,
        *,
        swapped: Callable[[VersionKey, str], None] = tell_nobody,
    ) -> None:
        self._source, self._limits, self._swapped = source, limits, swapped
        self._live: Live | None = None
        self._failed: dict[VersionKey, float] = {}
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None
        self.error = ""

    @property
    def live(self) -> Live:
        """What answers now.

        Raises:
            ServerError: nothing has been opened yet, or the server is closing.
        """
        if self._live is None:
            raise ServerError("no model is being served: wait until the server is ready")
        return self._live

    @property
    def ready(self) -> bool:
        return self._live is not None

    def start(self, *, every_s: float = 5.0) -> None:
        """Open the newest version, then look for a newer one every so many seconds.

        Raises:
            MedrwrError: it cannot be opened, or does not answer.
        """
        self._live = self._opened(self._source.newest())
        self._watcher = threading.Thread(target=self._watch, args=(every_s,), name="medrwr-versions", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Look no more; what was asked is answered."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()
        live, self._live = self._live, None
        if live is not None:
            live.player.close()

    def refresh(self) -> bool:
        """Replace what is served if there is a newer version; whether it was."""
        try:
            key = self._source.newest()
        except MedrwrError as error:
            self.error = str(error)
            return False
        if key == self.live.opened.key:
            self.error = ""
            return False
        if time.monotonic() - self._failed.get(key, -_RETRY_SECONDS) < _RETRY_SECONDS:
            return False
        return self._replace(key)

    def _replace(self, key: VersionKey) -> bool:
        try:
            fresh = self._opened(key)
        except Exception as error:  # noqa: BLE001 - the old version must go on, whatever the new one does
            self._failed[key] = time.monotonic()
            self.error = f"version {key.version} of {key.name} cannot be served: {error}"
            _LOG.warning("%s", self.error)
            self._swapped(key, self.error)
            return False
        old, self._live = self._live, fresh
        self.error = ""
        self._failed.clear()
        _LOG.info("version %s of %s answers from now on", key.version, key.name)
        self._swapped(key, "")
        if old is not None:
            old.player.close()
        del old
        give_back_memory()
        return True

    def _opened(self, key: VersionKey) -> Live:
        opened = self._source.open(key)
        player = Player(opened.answerer, most_waiting=self._limits.waiting)
        try:
            self._golden(opened, player)
        except BaseException:
            player.close()
            raise
        return Live(opened, player, datetime.now(UTC))

    def _golden(self, opened: Opened, player: Player) -> None:
        """An example is answered, or at the least the parts work: an untrained policy answers nothing, but soundly.

        Raises:
            ServerError: no option probabilities, or no passages.
        """
        examples = [Asked(one.question, one.options, (one.image,) if one.image else ()) for one in opened.examples]
        asked = examples or [_GOLDEN]
        if any(has_answered(self._play(player, one)) for one in asked):
            return
        at_once = self._play(player, asked[0], answer_at_once=True)
        looked_up = self._play(player, asked[0], forced_query=asked[0].question)
        if not has_answered(at_once) or looked_up.stop_reason is StopReason.RETRIEVER:
            raise ServerError(
                f"version {opened.key.version} answers none of its golden questions: look at its evaluation, or move "
                "the alias back (`medrwr rollback`)"
            )
        _LOG.warning("version %s ends no golden question with an answer: is it trained?", opened.key.version)

    def _play(self, player: Player, asked: Asked, **changes: Any) -> Trajectory:
        intake = take_in(asked, "golden", self._limits)
        try:
            job = Job(replace(intake, request=replace(intake.request, **changes)))
            player.submit(job)
            return job.done.result(_GOLDEN_SECONDS).chosen
        finally:
            intake.close()

    def _watch(self, every_s: float) -> None:
        while not self._stop.wait(every_s):
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001 - the watcher outlives every failure
                self.error = f"the watch for newer versions failed: {error}"
                _LOG.exception("the watch for newer versions failed")


def has_answered(trajectory: Trajectory) -> bool:
    """Whether it has option probabilities that are some."""
    return abs(sum(trajectory.option_probs) - 1) < 1e-3


def give_back_memory() -> None:
    """What a replaced version held goes back to the system, as far as the C library allows."""
    import ctypes

    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        _LOG.debug("no malloc_trim here")
