"""Another machine: the remote and the registry are all that it shares, and the champion answers there as here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chain.test_chain import image_question
from tests.chain.workspace import AUTHOR, Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_second_clone_runs_no_stage_and_its_champion_answers_the_same(chain: Workspace, tmp_path: Path) -> None:
    first = chain.copy(tmp_path / "first")
    first.dvc("remote", "add", "--quiet", "--default", "store", str(tmp_path / "remote"))
    first.dvc("push", "--quiet")
    first.run("git", "add", "--all")
    first.run("git", *AUTHOR, "commit", "-q", "-m", "a whole run")
    second = Workspace(tmp_path / "second")
    first.run("git", "clone", "-q", str(first.root), str(second.root))

    second.dvc("pull", "--quiet")
    said = second.dvc("repro")

    assert "Running stage" not in said
    assert "up to date" in said
    assert (second.root / "dvc.lock").read_bytes() == (first.root / "dvc.lock").read_bytes()
    registry = f"sqlite:///{first.root / 'mlflow.db'}"
    assert answer(second, image_question(chain), registry) == answer(first, image_question(chain), registry)


def answer(space: Workspace, question: dict[str, Any], registry: str) -> dict[str, Any]:
    """What `medrwr ask` says there of an image of its own, from the registry that both share."""
    options = [part for option in question["options"] for part in ("--option", option)]
    image = str(space.root / "data/clinic" / question["images"][0])
    command = ["medrwr", "ask", "--image", image, "--question", question["text"], *options, "--json"]
    reply: dict[str, Any] = json.loads(space.run(*command, MLFLOW_TRACKING_URI=registry))
    return reply
