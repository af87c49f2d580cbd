"""What tests of several packages share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest


def pytest_configure() -> None:
    """Tests end servers as Ctrl-C does, which shells have ignored by what they run in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def medical_data() -> Path:
    """Real medical data (MEDRWR_TEST_DATA, or ../shared/data beside the repository); without it the test is skipped."""
    repository = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("MEDRWR_TEST_DATA", repository.parent / "shared/data"))
    if not (folder / "INDEX.txt").is_file():
        pytest.skip(f"no real medical data at {folder}: set MEDRWR_TEST_DATA to its folder")
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file's tests run in one process, which has their fixtures; so do those of tests/chain, which share a chain."""
    chain = config.rootpath / "tests/chain"
    for item in items:
        together = chain if item.path.is_relative_to(chain) else item.path
        item.add_marker(pytest.mark.xdist_group(str(together)))
