"""A folder read by two Ray workers leaves the files that this process leaves, a killed worker included."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.digests import folder_digest
from medrwr.knowledge_base import ray_reading
from medrwr.knowledge_base.cache import Cache
from medrwr.knowledge_base.ingestion import Ingested, Reading, ingest, read_here
from medrwr.knowledge_base.keys import digested
from medrwr.knowledge_base.ray_reading import RayReading, parts_of
from pipelines.ray_cluster import ray_cluster
from tests.knowledge_base.samples import prose

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra `ray` is not installed: pip install '.[ray]'"
)
SETTINGS = KnowledgeBaseSettings(chunk_words=20)


@pytest.fixture(scope="module")
def reading() -> Iterator[RayReading]:
    with ray_cluster(2, setting="knowledge_base.engine") as workers:
        yield RayReading(workers)


def write_documents(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"d{number:04d}.md").write_text(f"# Disease {number}\n\n{prose(f'Disease {number}', 20)}\n")
    (folder / "broken.md").write_text("")
    return folder


def run(folder: Path, out: Path, reading: Reading = read_here) -> Ingested:
    store = Cache()
    try:
        entry = SourceSettings(path=str(folder))
        return ingest(folder, out, store, source="s", settings=SETTINGS, entry=entry, reading=reading)
    finally:
        store.close()


def kill_a_worker(killed: list[int]) -> None:
    """The first process that Ray has read files."""
    while not killed:
        for child in psutil.Process().children(recursive=True):
            if child.name().startswith("ray::_read"):
                os.kill(child.pid, signal.SIGKILL)
                killed.append(child.pid)
                return
        time.sleep(0.01)


def test_two_workers_leave_the_same_files_although_one_is_killed(reading: RayReading, tmp_path: Path) -> None:
    folder, killed = write_documents(tmp_path / "documents", 400), []
    here = run(folder, tmp_path / "here")
    killer = threading.Thread(target=kill_a_worker, args=(killed,), daemon=True)
    killer.start()
    there = run(folder, tmp_path / "there", reading)
    killer.join(10)
    assert killed
    assert there == here
    assert (there.documents, there.quarantined) == (400, 1)
    assert folder_digest(tmp_path / "there") == folder_digest(tmp_path / "here")


def test_every_file_comes_once_and_in_order(reading: RayReading, tmp_path: Path) -> None:
    entry = SourceSettings(path="x")
    folder = write_documents(tmp_path / "documents", 70)
    files = digested([(path, path.name) for path in sorted(folder.iterdir())], "s", SETTINGS, entry)
    found = [(file, list(made)) for file, made in reading(files, source="s", settings=SETTINGS, entry=entry)]
    assert [file for file, _ in found] == files
    assert found == [(file, list(made)) for file, made in read_here(files, source="s", settings=SETTINGS, entry=entry)]


def test_a_large_file_is_a_task_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_documents(tmp_path / "documents", 70)
    (folder / "d0001.md").write_text("x" * 200_000)
    monkeypatch.setattr(ray_reading, "_BYTES_A_TASK", 100_000)
    entry = SourceSettings(path="x")
    files = digested([(path, path.name) for path in sorted(folder.glob("d*"))], "s", SETTINGS, entry)
    parts = list(parts_of(files))
    assert [file for part in parts for file in part] == files
    assert [len(part) for part in parts][:3] == [1, 1, 32]


def test_the_engine_is_not_part_of_a_files_key(tmp_path: Path) -> None:
    files, entry = [(write_documents(tmp_path / "documents", 1) / "d0000.md", "d")], SourceSettings(path="x")
    ray = SETTINGS.model_copy(update={"engine": "ray", "workers": 2})
    assert digested(files, "s", SETTINGS, entry) == digested(files, "s", ray, entry)
