"""An index by two Ray workers is the one that this process makes, whatever happens to the workers."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from medrwr.config import IndexSettings
from medrwr.errors import EngineError
from medrwr.retrieval.index import build_index
from medrwr.retrieval.manifest import IndexManifest, read_generations
from medrwr.retrieval.memory import open_table
from medrwr.retrieval.ray_engine import RayEngine, again, rows_a_fragment
from medrwr.types import Passage
from pipelines import ray_cluster as clusters
from pipelines.ray_cluster import ray_cluster
from tests.retrieval.fakes import WordEncoder
from tests.retrieval.interrupted import passages
from tests.retrieval.mortal import MortalEncoder

pytestmark = pytest.mark.skipif(  # not imported here: the cluster says first where Ray listens
    importlib.util.find_spec("lance_ray") is None, reason="the extra `ray` is not installed: pip install '.[ray]'"
)

ROWS = 4500  # more than a partition of the vector index
SETTINGS = IndexSettings(exact_below=1000, minimum_recall=0.9)


@pytest.fixture(scope="module")
def workers() -> Iterator[int]:
    import lancedb  # noqa: F401 - imported before Ray: its first import takes seconds

    with ray_cluster(2, setting="index.engine") as count:
        yield count


def build(folder: Path, kept: list[Passage], engine: RayEngine | None = None) -> IndexManifest:
    return build_index(kept, WordEncoder(), folder / "index", folder / "manifest.json", SETTINGS, engine=engine)


def scores(folder: Path, queries: list[str]) -> list[list[float]]:
    """Full text's scores of the best rows; which of several equal rows come is left to chance."""
    table = open_table(folder / "index", read_generations(folder / "index", stage="index")[0], text="terms")
    said = table.matching(queries, column="terms", limit=10)
    return [[round(hit.score, 3) for hit in hits] for hits in said]


def test_two_workers_make_the_same_index_although_one_is_killed(workers: int, tmp_path: Path) -> None:
    kept, mark = passages(0, ROWS), tmp_path / "killed"
    local = build(tmp_path / "local", kept)
    by_ray = build(tmp_path / "ray", kept, RayEngine(workers, functools.partial(MortalEncoder, mark)))
    assert int(mark.read_text()) != os.getpid()
    assert by_ray == local
    assert (tmp_path / "ray/manifest.json").read_bytes() == (tmp_path / "local/manifest.json").read_bytes()
    queries = [f"ring {number}" for number in range(7, ROWS, 450)]
    assert scores(tmp_path / "ray", queries) == scores(tmp_path / "local", queries)


def test_only_what_changed_is_written_and_what_went_is_gone(workers: int, tmp_path: Path) -> None:
    kept = passages(0, 300)
    engine = RayEngine(workers, WordEncoder)
    build(tmp_path, kept, engine)
    changed = [dataclasses.replace(kept[0], title="Renamed"), *kept[1:200], *passages(100, 30)]
    assert build(tmp_path, changed, engine) == build(tmp_path / "local", changed)
    assert build(tmp_path, changed, RayEngine(workers, _nobody)) == build(tmp_path, changed)  # nothing is encoded


def _nobody() -> WordEncoder:
    raise AssertionError("an encoder was opened although nothing had changed")


def test_nothing_listens_beyond_loopback(workers: int) -> None:
    ours = [psutil.Process(), *psutil.Process().children(recursive=True)]
    listening = [
        socket.laddr.ip for one in ours for socket in one.net_connections("tcp") if socket.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_more_workers_than_processors_are_refused(workers: int) -> None:
    with (
        pytest.raises(EngineError, match=r"index.workers is 64, the Ray cluster has 2 processors"),
        ray_cluster(64, setting="index.engine"),
    ):
        pass


def test_work_is_tried_three_times() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("a worker died")

    again(work, doing="try")
    assert len(tries) == 3

    def hopeless() -> None:
        raise OSError("no space left\non device")

    with pytest.raises(EngineError, match=r"could not try in 3 tries, at last: on device.*index.engine to local"):
        again(hopeless, doing="try")


def test_fragments_are_neither_tiny_nor_huge() -> None:
    assert rows_a_fragment(300, 2) == 2048
    assert rows_a_fragment(200_000, 2) == 12_500
    assert rows_a_fragment(100_000_000, 8) == 65_536


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters.importlib.util, "find_spec", lambda _: None)
    with (
        pytest.raises(EngineError, match=r"pip install '.\[ray\]'.*index.engine to local"),
        ray_cluster(2, setting="index.engine"),
    ):
        pass


def test_the_default_imports_no_ray() -> None:
    code = "import sys, medrwr.retrieval, pipelines.index, pipelines.knowledge_base; "
    code += "assert not {'ray', 'lance', 'lance_ray'} & {*sys.modules}, sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
