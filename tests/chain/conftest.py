"""The whole chain once, on tiny parameters, by `dvc repro`; the tests look at what it left."""

from __future__ import annotations

import pytest

from tests.chain.workspace import Workspace, make_tiny_workspace


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    space = make_tiny_workspace(tmp_path_factory.mktemp("chain") / "workspace")
    space.dvc("repro")
    return space
