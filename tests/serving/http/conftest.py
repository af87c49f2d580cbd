"""One server for the tests that leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from medrwr.policy.loading import Policy
from tests.serving.http.world import UNSURE, Running, Shelf, answerer, running


@pytest.fixture(scope="package")
def server(trained: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """It looks twice at every image question."""
    shelf = Shelf(lambda: answerer(trained, threshold=UNSURE))
    with running(shelf, tmp_path_factory.mktemp("server")) as one:
        yield one
