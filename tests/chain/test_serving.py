"""What a real chain registered, served: `medrwr serve` follows the alias, `mlflow models serve` answers too."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from medrwr.serving.client import Client
from tests.chain.workspace import Workspace
from tests.serving.http.world import free_port, until

SECOND = """
import mlflow
store = mlflow.MlflowClient("sqlite:///mlflow.db")
first = store.get_model_version("med-rwr", "1")
second = store.create_model_version("med-rwr", first.source, run_id=first.run_id, tags=first.tags)
store.set_registered_model_alias("med-rwr", "champion", second.version)
print(second.version)
"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@contextmanager
def started(space: Workspace, *command: str, ready: str) -> Iterator[None]:
    """A server of the workspace, from ready to the end of the block."""
    process = space.start(*command)

    def is_ready() -> bool:
        assert process.poll() is None, process.communicate()
        try:
            return requests.get(ready, timeout=2).status_code == 200
        except requests.RequestException:
            return False

    try:
        until(is_ready, f"{command[:3]} to be ready", seconds=180)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def image_question(space: Workspace) -> dict[str, Any]:
    lines = (space.root / "data/clinic/questions/test.jsonl").read_text().splitlines()
    return next(found for found in map(json.loads, lines) if found.get("images"))


def test_the_server_follows_the_alias(chain: Workspace, tmp_path: Path) -> None:
    """The champion answers; a second version gets the alias, and answers without a restart."""
    space = chain.copy(tmp_path / "workspace")
    asked = image_question(space)
    address = f"http://127.0.0.1:{free_port()}"
    client = Client(address)
    command = ("medrwr", "serve", "--port", address.rpartition(":")[2], "--trace-share", "1")
    with started(space, *command, ready=f"{address}/readyz"):
        image = space.root / "data/clinic" / asked["images"][0]
        got = client.answer(asked["text"], asked["options"], image=image, query=asked["text"])
        assert got.model.name == "med-rwr"
        assert got.model.version == "1"
        assert got.stop_reason  # this chain's policy is hardly trained, it need not answer
        assert got.sources
        client.feedback(got.id, "right")
        assert (space.root / "work/feedback/feedback.jsonl").read_text().count(got.id) == 1
        assert requests.get(f"{address}/v1/examples", timeout=10).json()["examples"]
        second = space.run(sys.executable, "-c", SECOND).split()[-1]  # other tests may have registered more
        until(lambda: requests.get(f"{address}/readyz", timeout=10).json()["version"] == second, f"version {second}")
        again = client.answer(asked["text"], asked["options"], image=image, query=asked["text"])
    assert (again.model.version, again.model.digest) == (second, got.model.digest)
    assert (again.text, again.sources) == (got.text, got.sources)
    assert again.option_probs == pytest.approx(got.option_probs)


def test_mlflow_serves_the_champion(chain: Workspace) -> None:
    asked = image_question(chain)
    image = str(chain.root / "data/clinic" / asked["images"][0])
    row = {"question": asked["text"], "options": asked["options"], "image": image}
    port = str(free_port())
    command = ("mlflow", "models", "serve", "-m", "models:/med-rwr@champion", "--env-manager", "local", "-p", port)
    with started(chain, *command, ready=f"http://127.0.0.1:{port}/ping"):
        body = {"dataframe_records": [row]}
        response = requests.post(f"http://127.0.0.1:{port}/invocations", json=body, timeout=120)
    assert response.status_code == 200, response.text
    (reply,) = response.json()["predictions"]
    assert set(reply) >= {"answer", "option_probs", "trajectory"}
