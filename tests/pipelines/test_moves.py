"""kill -9 in the middle of a promotion or a rollback, then the same command again: nothing is lost or made up."""

from __future__ import annotations

import gc
import json
import os
import random
import signal
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from medrwr.errors import PromotionError
from medrwr.serving.references import refer
from pipelines.promoting import REQUIRED, promote, rollback, secure
from pipelines.promotion import Registry
from pipelines.tracking.store import open_store
from pipelines.versions import REFERENCES_TAG

WRITES = (
    "set_registered_model_tag",
    "delete_registered_model_tag",
    "set_registered_model_alias",
    "delete_registered_model_alias",
)
MOVE_WRITES = 5  # intent, previous, alias, history, intent removed
Act = Callable[[Registry], Any]


def in_a_process(root: Path, act: Act, *, dies_before: int = 99, dies_after_s: float = 0.0) -> Any:
    """What `act` returns in a process of its own; None where it died: at a write to MLflow, or after a time.

    This process never opens the database: a connection must not live on both sides of a fork.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        gc.freeze()  # what other tests left (Ray's client) must not be torn down on this side
        os.close(reader)
        code = 1
        try:
            registry = Registry(open_store(root), "med-rwr", "champion")
            _die_at_write(registry, dies_before)
            if dies_after_s:
                signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
                signal.setitimer(signal.ITIMER_REAL, dies_after_s)
            os.write(writer, json.dumps(act(registry)).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return json.loads(text) if text else None


def _die_at_write(registry: Registry, last: int) -> None:
    client, written = registry._store.client, [0]

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if written[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)
            written[0] += 1
            return write(*arguments)

        return call

    for name in WRITES:
        setattr(client, name, counted(getattr(client, name)))


def add_versions(root: Path, count: int, promoted: str = "") -> Act:
    """Complete versions, each with files of its own; then each of `promoted` gets the alias."""

    def act(registry: Registry) -> None:
        registry._store.client.create_registered_model(registry.name)
        for number in range(1, count + 1):
            for name in REQUIRED:
                (root / f"models/{number}/{name}").mkdir(parents=True)
                (root / f"models/{number}/{name}/content").write_text(f"{name} of {number}")
            references = [refer(name, f"models/{number}/{name}", workspace=root) for name in REQUIRED]
            tags = {REFERENCES_TAG: json.dumps([asdict(reference) for reference in references])}
            registry._store.client.create_model_version(registry.name, "file:///nowhere", tags=tags)
        for number in promoted:
            promote(registry, number, "a test", root)

    return act


def promotion(root: Path, number: str) -> Act:
    def act(registry: Registry) -> str:
        try:
            return promote(registry, number, "a test", root).to_version
        except PromotionError as refusal:
            return number if "already" in str(refusal) else str(refusal)

    return act


def going_back(root: Path) -> Act:
    def act(registry: Registry) -> str:
        try:
            return rollback(registry, "a test", root).to_version
        except PromotionError as refusal:
            return str(refusal)

    return act


def state(root: Path, after: Act = lambda _: "") -> Act:
    """Champion, its files verified, before and after an act, what the act says, `previous`, and the history."""

    def champion_of(registry: Registry) -> str:
        champion = registry.champion()
        if champion is None:
            return ""
        secure(champion, registry.name, root)
        return str(champion.version)

    def act(registry: Registry) -> Any:
        before, said = champion_of(registry), after(registry)
        previous = registry.previous()
        moves = [[move.from_version, move.to_version] for move in registry.history()]
        return [before, said, champion_of(registry), str(previous.version) if previous else "", moves]

    return act


@pytest.mark.parametrize("killed_at", range(1, MOVE_WRITES))
def test_a_killed_rollback_is_finished_by_the_next(tracked: Path, killed_at: int) -> None:
    in_a_process(tracked, add_versions(tracked, 2, "12"))
    assert in_a_process(tracked, going_back(tracked), dies_before=killed_at) is None
    before, *after = in_a_process(tracked, state(tracked, going_back(tracked)))
    assert before in ("1", "2")
    assert after == ["1", "1", "2", [["", "1"], ["1", "2"], ["2", "1"]]]


@pytest.mark.parametrize("killed_at", range(1, MOVE_WRITES))
def test_a_killed_promotion_is_finished_by_the_next(tracked: Path, killed_at: int) -> None:
    in_a_process(tracked, add_versions(tracked, 2, "1"))
    assert in_a_process(tracked, promotion(tracked, "2"), dies_before=killed_at) is None
    before, *after = in_a_process(tracked, state(tracked, promotion(tracked, "2")))
    assert before in ("1", "2")
    assert after == ["2", "2", "1", [["", "1"], ["1", "2"]]]


def test_something_else_after_a_killed_rollback_finds_the_old_way_back(tracked: Path) -> None:
    """Died between `previous` and the alias: the rollback never happened, and 1 is still what 2 came from."""
    in_a_process(tracked, add_versions(tracked, 3, "12"))
    assert in_a_process(tracked, going_back(tracked), dies_before=2) is None
    after = in_a_process(tracked, state(tracked, promotion(tracked, "3")))
    assert after == ["2", "3", "3", "2", [["", "1"], ["1", "2"], ["2", "3"]]]


def test_ten_moves_in_random_order_each_killed_and_repeated(tracked: Path) -> None:
    draw = random.Random(7)
    in_a_process(tracked, add_versions(tracked, 4, "1"))
    champion = "1"
    for turn in range(10):
        act = going_back(tracked) if draw.random() < 0.5 else promotion(tracked, str(draw.randint(1, 4)))
        if turn % 2:
            in_a_process(tracked, act, dies_before=draw.randrange(MOVE_WRITES))
        else:
            in_a_process(tracked, act, dies_after_s=draw.uniform(0.001, 0.2))
        before, _, after, previous, moves = in_a_process(tracked, state(tracked, act))
        assert before == champion or [champion, before] in moves
        champion = after
        assert [start for start, _ in moves] == ["", *(end for _, end in moves)][:-1]  # one chain without a gap
        assert moves[-1] == [previous, champion]
    assert len(moves) >= 5
