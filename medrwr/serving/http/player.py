"""Plays what many callers ask: one thread and one batch; requests join those that are being played.

An unsure image question takes its second look (M26) in the same batch: its new episode waits before all others.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from medrwr.errors import MedrwrError, RetrievalError, ServerError
from medrwr.rollout.cdir import Reretrieval, is_unsure, judge, search_cases, second_seats
from medrwr.serving.http.intake import Intake
from medrwr.serving.http.listening import Listener, Silent, WatchedBy

if TYPE_CHECKING:
    from medrwr.rollout.loop import Seat
    from medrwr.serving.answering import Answerer, SecondLook
    from medrwr.types import ScoredCase, Trajectory


@dataclass(eq=False)
class Job:
    """One question on its way: `done` gets what came of it; `abandoned` is set when nobody waits for it any more."""

    intake: Intake
    listener: Listener = field(default_factory=Silent)
    done: Future[Reretrieval] = field(default_factory=Future)
    abandoned: threading.Event = field(default_factory=threading.Event)
    entered: float = field(default_factory=time.monotonic)
    started: float = 0.0
    first: Trajectory | None = None
    found: tuple[ScoredCase, ...] = ()


class Player:
    """A thread that plays the jobs of one answerer; `most_waiting` is how many may wait for a place in the batch."""

    def __init__(self, answerer: Answerer, *, most_waiting: int = 256) -> None:
        self.answerer = answerer
        self._most = most_waiting
        self._waiting: deque[Job] = deque()
        self._again: deque[tuple[Job, Seat]] = deque()
        self._playing: dict[int, Job] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="medrwr-player", daemon=True)
        self._thread.start()

    @property
    def unfinished(self) -> int:
        """Jobs that wait or are being played."""
        return len(self._waiting) + len(self._playing) + len(self._again)

    def submit(self, job: Job) -> bool:
        """Queue a job; False when too many wait.

        Raises:
            ServerError: this player has been closed.
        """
        with self._changed:
            if self._closed:
                raise ServerError("this model has been replaced: ask the present one")
            if len(self._waiting) >= self._most:
                return False
            self._waiting.append(job)
            self._changed.notify()
        return True

    def close(self) -> None:
        """Take no more jobs; returns when those that were taken are over."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._wait():
            try:
                for episode, trajectory in self.answerer.engine.stream(_Arriving(self._next_seat)):
                    self._over(self._playing.pop(id(episode)), trajectory)
            except Exception as error:  # noqa: BLE001 - whatever broke, callers get their answer and the thread goes on
                self._fail(error)

    def _wait(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return bool(self._waiting)

    def _next_seat(self) -> Seat | None:
        if self._again:
            job, seat = self._again.popleft()
            return self._seated(job, seat)
        while self._waiting:
            job = self._waiting.popleft()
            if job.abandoned.is_set():
                job.done.cancel()
                continue
            try:
                (seat,) = self.answerer.engine.seats([job.intake.request])
            except MedrwrError as error:
                job.done.set_exception(error)
                continue
            job.started = time.monotonic()
            return self._seated(job, seat)
        return None

    def _seated(self, job: Job, seat: Seat) -> Seat:
        seat.episode.watcher = WatchedBy(job.listener, seat.episode, job.abandoned)
        self._playing[id(seat.episode)] = job
        return seat

    def _over(self, job: Job, trajectory: Trajectory) -> None:
        look = self.answerer.second_look
        if job.first is not None and look is not None:
            job.done.set_result(judge(job.first, trajectory, job.found, look.rule))
        elif look is None or job.abandoned.is_set() or not self._looks_again(job, trajectory, look):
            job.done.set_result(Reretrieval(trajectory, None, trajectory))

    def _looks_again(self, job: Job, trajectory: Trajectory, look: SecondLook) -> bool:
        request, rule = job.intake.request, look.rule
        if not is_unsure(request, trajectory, rule):
            return False
        try:
            found = search_cases([request], [0], look.cases, rule.k)[0]
            if not found:
                return False
            (seat,) = second_seats(self.answerer.engine, [(request, trajectory, found)], look.cases, rule)
        except RetrievalError:
            return False  # the first answer stands
        job.first, job.found = trajectory, found
        job.listener.cases(found)
        self._again.append((job, seat))
        return True

    def _fail(self, error: Exception) -> None:
        broken = [*self._playing.values(), *(job for job, _ in self._again)]
        self._playing.clear()
        self._again.clear()
        for job in broken:
            if not job.done.done():
                job.done.set_exception(error)


class _Arriving:
    """An iterator that may be empty now and have more later: the batch asks again whenever a place is free."""

    def __init__(self, take: Callable[[], Seat | None]) -> None:
        self._take = take

    def __iter__(self) -> Iterator[Seat]:
        return self

    def __next__(self) -> Seat:
        seat = self._take()
        if seat is None:
            raise StopIteration
        return seat
