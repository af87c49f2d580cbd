"""Building and publishing an index: manifest, atomic swap, refusal of what does not fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from medrwr.config import IndexSettings
from medrwr.errors import ArtefactError, IndexMismatchError
from medrwr.retrieval.index import build_index, search_text, shaping_settings
from medrwr.retrieval.manifest import check_manifest
from medrwr.retrieval.publish import fresh_folder
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


def test_an_unchanged_index_is_left_in_place_and_a_changed_one_replaced(tmp_path: Path) -> None:
    index = build(tmp_path)
    before = table_files(index)
    assert len(before) == 1
    encoder = WordEncoder()
    build(tmp_path, encoder=encoder)
    assert table_files(index) == before
    assert encoder.encoded == []  # nothing was encoded again
    build(tmp_path, PASSAGES[:2])
    assert table_files(index).isdisjoint(before)


def test_a_run_killed_while_building_leaves_the_old_index_and_the_next_run_ends_well(tmp_path: Path) -> None:
    index = build(tmp_path)
    before = table_files(index)
    (tmp_path / ".index.new").mkdir()  # what `kill -9` leaves behind while building
    (tmp_path / ".index.new" / "half.lance").write_text("half")
    assert table_files(index) == before
    build(tmp_path, PASSAGES[:2])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "manifest.json"]


def test_a_run_killed_between_the_renames_is_made_good(tmp_path: Path) -> None:
    index = build(tmp_path)
    index.rename(tmp_path / ".index.old")
    build(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "manifest.json"]


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
