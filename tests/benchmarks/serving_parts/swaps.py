"""The alias moves under callers, and again and again without any: nothing fails, and nothing is left in memory."""

from __future__ import annotations

import threading
from pathlib import Path

from medrwr.policy.loading import load_policy, save_policy
from medrwr.serving.answering import Answerer
from medrwr.serving.served import Answered
from tests.benchmarks.serving_parts.figures import Figure, Size, World, at_least, at_most, resident_mib
from tests.rollout.world import question
from tests.serving.http.world import Running, Shelf, running, until


def measure(size: Size, folder: Path, world: World) -> list[Figure]:
    """Each version is loaded from its files, as the server does it."""
    save_policy(world.policy, folder / "checkpoint")

    def build() -> Answerer:
        return world.answerer(load_policy(folder / "checkpoint", device="cpu"))

    shelf = Shelf(build)
    with running(shelf, folder / "server") as server:
        return [*under_callers(server, shelf, size), *without(server, shelf, size)]


def under_callers(server: Running, shelf: Shelf, size: Size) -> list[Figure]:
    got: list[Answered] = []
    failed: list[str] = []
    stop = threading.Event()
    callers = [threading.Thread(target=ask_on, args=(server, stop, got, failed)) for _ in range(size.clients)]
    for caller in callers:
        caller.start()
    until(lambda: len(got) > 2 * size.clients, "the first answers")
    steady, peak = resident_mib(), 0.0
    for number in range(size.swaps):
        before = len(got)
        move(server, shelf, f"1{number:03d}")
        until(
            lambda n=before: len(got) > n + size.clients and got[-1].model.version == shelf.key.version, "its answers"
        )
        peak = max(peak, resident_mib())
    stop.set()
    for caller in callers:
        caller.join()
    named = {answer.model.version for answer in got}
    wrong = sum(answer.model.digest != f"digest-{answer.model.version}" for answer in got)
    return [
        Figure("answers_under_swaps", len(got)),
        at_most("failed_under_swaps", len(failed), 0),
        at_least("versions_that_answered", len(named), size.swaps + 1),
        at_most("answers_of_another_version", wrong, 0),
        at_most("memory_under_swaps", peak / steady, 1.2),
    ]


def is_from(answer: Answered, shelf: Shelf) -> bool:
    return answer.model.version == shelf.key.version


def without(server: Running, shelf: Shelf, size: Size) -> list[Figure]:
    """Memory after many swaps against that after the first."""
    move(server, shelf, "2000")
    first = resident_mib()
    for number in range(1, size.lone_swaps):
        move(server, shelf, f"2{number:03d}")
    return [at_most(f"memory_after_{size.lone_swaps}_swaps", resident_mib() / first, 1.2)]


def move(server: Running, shelf: Shelf, version: str) -> None:
    shelf.put(version)
    until(lambda: server.get("/readyz").json()["version"] == version, f"version {version}")


def ask_on(server: Running, stop: threading.Event, got: list[Answered], failed: list[str]) -> None:
    asked = question(1)
    while not stop.is_set():
        try:
            got.append(server.client.answer(asked.text, asked.options))
        except Exception as error:  # noqa: BLE001 - counted
            failed.append(repr(error))
