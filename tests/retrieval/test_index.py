"""Building and publishing an index: manifest, atomic swap, refusal of what does not fit."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from medrwr.config import IndexSettings
from medrwr.errors import ArtefactError, IndexBusyError, IndexMismatchError, IndexRecallError
from medrwr.retrieval import CachedTextEncoder
from medrwr.retrieval.index import build_index, shaping_settings
from medrwr.retrieval.manifest import Generation, check_manifest, read_generations
from medrwr.retrieval.memory import open_table
from medrwr.retrieval.publish import fresh_folder
from medrwr.retrieval.rows import search_text
from medrwr.types import Passage
from tests.retrieval.fakes import WordEncoder

SETTINGS = IndexSettings()
PASSAGES = [
    Passage("p1", "A granular apical ring points to tarvenosis.", "tarvenosis", "Tarvenosis", "Imaging"),
    Passage("p2", "It is treated first with kemopril.", "tarvenosis", "Tarvenosis", "Treatment", context="apical ring"),
    Passage("p3", "A solid basal band points to melkosis.", "melkosis", "Melkosis", "Imaging"),
]


def build(folder: Path, passages: list[Passage] = PASSAGES, encoder: WordEncoder | None = None) -> Path:
    build_index(passages, encoder or WordEncoder(), folder / "index", folder / "manifest.json", SETTINGS)
    return folder / "index"


def texts_of(index: Path, *, generation: int = 0) -> set[str]:
    """What a reader of that generation finds."""
    entry = read_generations(index, stage="index")[generation]
    table = open_table(index, entry, text="terms")
    rows = table.take(list(range(entry.manifest.rows)), ["passage"])["passage"].to_pylist()
    return {search_text(Passage(**json.loads(row))) for row in rows}


def table_files(folder: Path) -> set[str]:
    """The table's data files, whose names are random."""
    return {path.name for path in folder.glob("*.lance/data/*")}


def test_title_context_and_heading_are_searched_with_the_text() -> None:
    assert search_text(PASSAGES[1]) == "Tarvenosis. apical ring. Treatment. It is treated first with kemopril"


def test_the_manifest_depends_on_content_and_not_on_order(tmp_path: Path) -> None:
    build(tmp_path / "a")
    build(tmp_path / "b", PASSAGES[::-1])
    build(tmp_path / "c", [dataclasses.replace(PASSAGES[0], title="Other"), *PASSAGES[1:]])
    texts = [(tmp_path / name / "manifest.json").read_text() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]
    values = json.loads(texts[0])
    assert (values["rows"], values["encoder"], values["encoder_digest"]) == (3, "words", "digest-of-words")


def test_only_what_changed_is_encoded_and_written(tmp_path: Path) -> None:
    index = build(tmp_path)
    before = table_files(index)
    encoder = WordEncoder()
    build(tmp_path, encoder=encoder)
    assert (table_files(index), encoder.encoded) == (before, [])
    changed = [dataclasses.replace(PASSAGES[0], title="Renamed"), *PASSAGES[1:]]
    build(tmp_path, changed, encoder)
    assert encoder.encoded == [search_text(changed[0])]
    assert texts_of(index) == {search_text(passage) for passage in changed}


def test_a_removed_document_is_gone_and_an_added_one_is_there(tmp_path: Path) -> None:
    index, encoder = build(tmp_path), WordEncoder()
    added = Passage("p4", "A lucent medial disc points to tromia.", "tromia", "Tromia")
    build(tmp_path, [PASSAGES[2], added], encoder)
    assert encoder.encoded == [search_text(added)]
    assert texts_of(index) == {search_text(PASSAGES[2]), search_text(added)}


def test_a_reader_of_the_manifest_before_still_sees_its_generation(tmp_path: Path) -> None:
    index = build(tmp_path)
    old = (tmp_path / "manifest.json").read_text()
    build(tmp_path, PASSAGES[:2])
    (tmp_path / "manifest.json").write_text(old)  # the writer was killed between its two renames
    check(index, ("words", "digest-of-words"))
    assert len(texts_of(index, generation=1)) == 3
    build(tmp_path, PASSAGES[:2])
    assert (tmp_path / "manifest.json").read_text() != old
    assert len(texts_of(index)) == 2


def test_a_refused_generation_is_not_published_and_the_next_one_is(tmp_path: Path) -> None:
    index = build(tmp_path)
    before = (index / "manifest.json").read_text()

    def refuse(generation: Generation) -> None:
        raise IndexRecallError(f"{generation.manifest.rows} rows")

    with pytest.raises(IndexRecallError, match="2 rows"):
        build_index(PASSAGES[:2], WordEncoder(), index, tmp_path / "manifest.json", SETTINGS, gate=refuse)
    assert (index / "manifest.json").read_text() == before
    assert len(texts_of(index)) == 3
    build(tmp_path, PASSAGES[:2])
    assert len(texts_of(index)) == 2


def test_another_encoder_gets_a_table_of_its_own_and_old_ones_go(tmp_path: Path) -> None:
    index = build(tmp_path)
    for name in ("medcpt", "bge", "medcpt"):
        build(tmp_path, encoder=WordEncoder(name))
        tables = {path.name.removesuffix(".lance") for path in index.glob("*.lance")}
        assert tables == {entry.table for entry in read_generations(index, stage="index")}
        assert len(tables) == 2


def test_a_table_without_its_first_version_is_made_anew(tmp_path: Path) -> None:
    """What `kill -9` leaves while the very first table is made: its folder and nothing in it."""
    index = build(tmp_path)
    table = next(index.glob("*.lance"))
    shutil.rmtree(index)
    (index / table.name / "data").mkdir(parents=True)
    build(tmp_path)
    assert len(texts_of(index)) == 3


def test_there_is_one_writer(tmp_path: Path) -> None:
    index = build(tmp_path)

    def second(generation: Generation) -> None:
        build(tmp_path, PASSAGES[:1])

    with pytest.raises(IndexBusyError, match="being written by another process"):
        build_index(PASSAGES[:2], WordEncoder(), index, tmp_path / "manifest.json", SETTINGS, gate=second)


def test_vectors_are_kept_by_content_and_encoder(tmp_path: Path) -> None:
    inner = WordEncoder()
    cached = CachedTextEncoder(inner, tmp_path)
    first = cached.encode(["a ring", "a disc", "a ring"])
    assert inner.encoded == ["a ring", "a disc"]
    assert np.array_equal(first, WordEncoder().encode(["a ring", "a disc", "a ring"]))
    assert np.array_equal(CachedTextEncoder(inner, tmp_path).encode(["a disc", "a band"])[0], first[1])
    assert inner.encoded == ["a ring", "a disc", "a band"]
    other = WordEncoder("medcpt")
    CachedTextEncoder(other, tmp_path).encode(["a ring"])
    assert other.encoded == ["a ring"]
    assert cached.encode([]).shape == (0, inner.dim)


def test_a_block_that_fails_publishes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), fresh_folder(tmp_path / "index") as new:
        (new / "no folder" / "file").write_text("half")
    assert not (tmp_path / "index").exists()


def test_another_encoder_is_refused_with_the_remedy(tmp_path: Path) -> None:
    index = build(tmp_path)
    with pytest.raises(IndexMismatchError, match=r"built with encoder 'words'.*at hand is 'medcpt'.*dvc repro index"):
        check(index, ("medcpt", "digest-of-words"))
    with pytest.raises(IndexMismatchError, match="at hand is 'words'"):
        check(index, ("words", "digest-of-retrained"))


def test_other_settings_or_another_manifest_are_refused(tmp_path: Path) -> None:
    index = build(tmp_path)
    with pytest.raises(IndexMismatchError, match=r"'bigrams': True.*'bigrams': False"):
        check(index, ("words", "digest-of-words"), SETTINGS.model_copy(update={"bigrams": False}))
    other = build(tmp_path / "other", PASSAGES[:2])
    with pytest.raises(IndexMismatchError, match="does not describe"):
        check_manifest(other, tmp_path / "manifest.json", stage="index", encoder=("words", ""), settings={})


def test_a_missing_index_or_manifest_names_the_stage_to_run(tmp_path: Path) -> None:
    index = build(tmp_path)
    (index / "manifest.json").unlink()
    with pytest.raises(ArtefactError, match=r"manifest.json does not exist: run `dvc repro index`"):
        check(index, ("words", "digest-of-words"))
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ArtefactError, match="is damaged"):
        check(index, ("words", "digest-of-words"))


def test_nothing_to_index_and_repeated_ids_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="no passage"):
        build(tmp_path, [])
    with pytest.raises(ArtefactError, match="1 of 2 passages repeat"):
        build(tmp_path, [PASSAGES[0], PASSAGES[0]])


def check(index: Path, encoder: tuple[str, str], settings: IndexSettings = SETTINGS) -> None:
    manifest = index.parent / "manifest.json"
    check_manifest(index, manifest, stage="index", encoder=encoder, settings=shaping_settings(settings))
