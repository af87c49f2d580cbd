"""The passage index with its tables on S3 (moto's server): the same manifest and answers as in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from medrwr.config import IndexSettings
from medrwr.errors import ConfigError
from medrwr.retrieval import build_index, open_retriever
from medrwr.retrieval.tables import place_tables, tables_uri
from medrwr.types import Passage
from tests.benchmarks.scale_ray import name, passages, recall, tuned_to
from tests.infra.cluster import BUCKET, object_store
from tests.retrieval.fakes import WordEncoder

pytestmark = pytest.mark.slow
APPROXIMATE, EXACT = IndexSettings(exact_below=1000), IndexSettings(exact_below=100_000)
QUERIES = [f"{name(n)} ring on {name(n * 7 + 3)}" for n in range(5, 400, 37)]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, object_store(tmp_path_factory.mktemp("s3") / "log") as variables:
        for variable, value in variables.items():
            patch.setenv(variable, value)
        yield f"s3://{BUCKET}"


def build(folder: Path, kept: list[Passage], settings: IndexSettings) -> object:
    return build_index(kept, WordEncoder(), folder / "index", folder / "manifest.json", settings)


def found(folder: Path, settings: IndexSettings) -> list[list[str]]:
    opened = open_retriever(folder / "index", folder / "manifest.json", folder, settings, encoder=WordEncoder())
    return [[hit.passage.passage_id for hit in hits] for hits in opened.search_batch(QUERIES)]


def test_an_index_on_s3_is_as_one_in_a_folder(s3: str, tmp_path: Path) -> None:
    """Built, updated, and read by a clone that has the small folder alone."""
    local, remote, clone = (tmp_path / each for each in ("local", "remote", "clone"))
    place_tables(remote / "index", f"{s3}/exact")
    for kept in (passages(300), passages(350)[20:]):
        assert build(remote, kept, EXACT) == build(local, kept, EXACT)
        assert found(remote, EXACT) == found(local, EXACT)
    assert not list(remote.rglob("*.lance"))
    shutil.copytree(remote, clone)
    assert found(clone, EXACT) == found(local, EXACT)


def test_a_vector_index_on_s3_finds_what_a_scan_finds(s3: str, tmp_path: Path) -> None:
    """Its training draws at random, so that it is no copy of another one."""
    place_tables(tmp_path / "index", f"{s3}/approximate")
    build(tmp_path, passages(1200), APPROXIMATE)
    assert recall(tmp_path, tuned_to(tmp_path)) >= 0.95


def test_tables_do_not_move_under_an_index(s3: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected an address such as s3://bucket/index"):
        place_tables(tmp_path / "index", "bucket/index")
    build(tmp_path, passages(20), EXACT)
    with pytest.raises(ConfigError, match=r"has its tables at .*index, not s3://medrwr/moved: remove the folder first"):
        place_tables(tmp_path / "index", f"{s3}/moved")
    assert tables_uri(tmp_path / "index") == str(tmp_path / "index")
