"""Between the event loop and the player: take in, wait with a limit, account for what was answered."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

import anyio.to_thread

from medrwr.errors import ServerError
from medrwr.rollout.cdir import Reretrieval
from medrwr.serving.http.answers import to_answer
from medrwr.serving.http.failing import Refusal, busy
from medrwr.serving.http.intake import Asked, Intake, Limits, take_in
from medrwr.serving.http.listening import Listener, Silent
from medrwr.serving.http.player import Job
from medrwr.serving.http.swapping import Live, Serving
from medrwr.serving.served import Answered
from medrwr.types import Question, StopReason

_HANDOVERS = 3  # a model may be replaced between choosing and asking it, even twice


@dataclass(frozen=True, slots=True)
class Finished:
    """One answered question, for those who keep account."""

    question: Question
    looked: Reretrieval
    answer: Answered


@dataclass(eq=False)
class Pending:
    """A question that is being played; `arrived` is on the monotonic clock."""

    identity: str
    job: Job
    live: Live
    arrived: float


def keep_nothing(done: Finished) -> None:
    """Keep no account."""


@dataclass
class Service:
    """Answers questions with whatever version is live. `finished` is told of each answer, in a thread of its own."""

    serving: Serving
    limits: Limits = field(default_factory=Limits)
    abstain: float = 0.0
    finished: Callable[[Finished], None] = keep_nothing

    async def answer(self, asked: Asked) -> Answered:
        """Ask and wait.

        Raises:
            Refusal: too much waits, it took too long, or the index cannot be searched.
            MedrwrError: the question or an image is unusable.
        """
        return await self.result(await self.submit(asked, Silent()))

    async def submit(self, asked: Asked, listener: Listener) -> Pending:
        """Decode and queue; the listener hears what happens.

        Raises:
            Refusal: too much waits.
            MedrwrError: the question or an image is unusable.
        """
        arrived = time.monotonic()
        if self.serving.ready and self.serving.live.player.unfinished >= self.limits.waiting:
            raise busy(f"{self.limits.waiting} questions wait already")
        identity = f"ans-{secrets.token_hex(12)}"
        intake = await anyio.to_thread.run_sync(take_in, asked, identity, self.limits)
        try:
            return self._queued(Job(intake, listener), identity, arrived)
        except BaseException:
            intake.close()
            raise

    def _queued(self, job: Job, identity: str, arrived: float) -> Pending:
        for _ in range(_HANDOVERS):
            live = self.serving.live
            try:
                if not live.player.submit(job):
                    raise busy(f"{self.limits.waiting} questions wait already")
            except ServerError:
                continue
            return Pending(identity, job, live, arrived)
        raise busy("the model is being replaced")

    async def result(self, pending: Pending) -> Answered:
        """Wait for a question that was submitted; its pictures are removed then.

        Raises:
            Refusal: it took too long, or the index cannot be searched.
        """
        job = pending.job
        left = self.limits.seconds - (time.monotonic() - pending.arrived)
        try:
            looked = await asyncio.wait_for(asyncio.wrap_future(job.done), max(left, 0.001))
        except TimeoutError:
            seconds = f"{self.limits.seconds:g}"
            raise Refusal(504, "timeout", f"no answer within {seconds} s", "ask again when less is going on") from None
        except CancelledError:
            raise busy("the question was given up") from None
        finally:
            job.abandoned.set()
            await self._forget(job.intake)
        if looked.chosen.stop_reason is StopReason.RETRIEVER:
            raise busy("the index cannot be searched now", retry_s=5)
        return await anyio.to_thread.run_sync(self._account, pending, looked)

    def _account(self, pending: Pending, looked: Reretrieval) -> Answered:
        question, now = pending.job.intake.request.closed, time.monotonic()
        timings = {
            "queued_s": round(pending.job.started - pending.arrived, 4),
            "total_s": round(now - pending.arrived, 4),
        }
        answer = to_answer(pending.identity, question, looked, pending.live.opened, timings, abstain=self.abstain)
        self.finished(Finished(question, looked, answer))
        return answer

    async def _forget(self, intake: Intake) -> None:
        await anyio.to_thread.run_sync(intake.close)
