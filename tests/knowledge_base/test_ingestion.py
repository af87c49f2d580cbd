"""Ingestion does again only what changed, and what it leaves depends on the folder and the settings alone."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.errors import ArtefactError
from medrwr.knowledge_base import entries
from medrwr.knowledge_base.cache import Cache
from medrwr.knowledge_base.ingestion import ingest
from medrwr.knowledge_base.output import TERMS, Ingested
from medrwr.records import read_records
from medrwr.types import Passage, Quarantined
from tests.knowledge_base.samples import prose

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = KnowledgeBaseSettings(chunk_words=20)
RUN = """
import sys
from pathlib import Path
from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.knowledge_base import ingestion
from medrwr.knowledge_base.cache import Cache
ingestion._COMMIT_EVERY_S = 0.0
folder, out, cache = map(Path, sys.argv[1:])
print("ready", flush=True)
ingestion.ingest(folder, out, Cache(cache), source="s", settings=KnowledgeBaseSettings(chunk_words=20),
                 entry=SourceSettings(path=str(folder)))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(12):
        (folder / f"d{number:02d}.md").write_text(f"# Disease {number}\n\n{prose(f'Disease {number}')}\n")
    (folder / "broken.md").write_text("")
    return folder


def run(folder: Path, settings: KnowledgeBaseSettings = SETTINGS) -> Ingested:
    store = Cache(folder.parent / "cache.sqlite")
    try:
        entry = SourceSettings(path=str(folder))
        return ingest(folder, folder.parent / "out", store, source="s", settings=settings, entry=entry)
    finally:
        store.close()


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder.parent / "out").iterdir())}


def fresh(folder: Path, tmp_path: Path, settings: KnowledgeBaseSettings = SETTINGS) -> dict[str, bytes]:
    """What a first run of the folder would write."""
    copy = tmp_path / "fresh" / "documents"
    shutil.rmtree(copy.parent, ignore_errors=True)
    shutil.copytree(folder, copy, symlinks=True)
    run(copy, settings)
    return written(copy)


def test_only_what_changed_is_read_again(folder: Path, tmp_path: Path) -> None:
    assert run(folder).read == 13
    again = run(folder)
    assert (again.read, again.documents, again.quarantined) == (0, 12, 1)
    (folder / "d03.md").write_text(f"# Disease 3\n\n{prose('Another disease')}\n")
    (folder / "d04.md").unlink()
    (folder / "e.txt").write_text(prose("A new disease") + "\n")
    changed = run(folder)
    assert (changed.read, changed.documents, changed.files) == (2, 12, 13)
    assert written(folder) == fresh(folder, tmp_path)


def test_ids_of_other_documents_stay_when_one_changes(folder: Path) -> None:
    run(folder)
    before = {p.passage_id: p for p in read_records(folder.parent / "out/passages.jsonl", Passage)[0]}
    (folder / "d03.md").unlink()
    (folder / "d00.txt").write_text(prose("A sibling") + "\n")  # same stem as d00.md
    run(folder)
    after = {p.passage_id: p for p in read_records(folder.parent / "out/passages.jsonl", Passage)[0]}
    kept = {identity: p for identity, p in before.items() if p.document_id != "d03"}
    assert kept.items() <= after.items()
    assert {p.document_id for identity, p in after.items() if identity not in before} == {"d00.txt"}


def test_copies_in_other_documents_are_left_out_and_come_back_when_the_first_goes(folder: Path) -> None:
    shutil.copy(folder / "d05.md", folder / "z-copy.md")
    first = run(folder)
    names = {p.document_id for p in read_records(folder.parent / "out/passages.jsonl", Passage)[0]}
    assert first.near_duplicates > 0
    assert "z-copy" not in names
    (folder / "d05.md").unlink()
    assert run(folder).near_duplicates == 0
    assert "z-copy" in {p.document_id for p in read_records(folder.parent / "out/passages.jsonl", Passage)[0]}


def test_other_settings_read_everything_again_but_the_threshold_reads_nothing(folder: Path, tmp_path: Path) -> None:
    run(folder)
    assert run(folder, SETTINGS.model_copy(update={"near_duplicates": 1.0})).read == 0
    longer = SETTINGS.model_copy(update={"chunk_words": 40})
    assert run(folder, longer).read == 13
    assert written(folder) == fresh(folder, tmp_path, longer)


def test_a_lost_output_and_a_damaged_cache_are_made_again(folder: Path) -> None:
    run(folder)
    before = written(folder)
    (folder.parent / "out/terms.jsonl").write_text("changed by hand")
    assert run(folder).read == 0
    assert written(folder) == before
    shutil.rmtree(folder.parent / "out")
    assert run(folder).read == 0
    assert written(folder) == before
    cache = folder.parent / "cache.sqlite"
    cache.write_bytes(b"SQLite format 3\x00" + os.urandom(5000))
    assert run(folder).read == 13
    (folder / "d00.md").write_text(f"# Disease 0\n\n{prose('Changed')}\n")
    content = bytearray(cache.read_bytes())
    content[4096:] = random.Random(1).randbytes(len(content) - 4096)
    cache.write_bytes(content)
    run(folder)
    assert written(folder).keys() == before.keys()


def test_two_ingestions_at_once_do_not_mix(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Cache(folder.parent / "cache.sqlite")
    first.replace("x", "k", [])  # a transaction that stays open
    monkeypatch.setattr("medrwr.knowledge_base.cache._PATIENCE_S", 0.1)
    with pytest.raises(ArtefactError, match="another ingestion"):
        run(folder)
    first.close()
    assert run(folder).read == 13


def test_killed_at_any_instant_a_rerun_ends_the_same(folder: Path, tmp_path: Path) -> None:
    """SIGKILL a little later each time, with a commit after every file."""
    expected = fresh(folder, tmp_path)
    out, cache = folder.parent / "out", folder.parent / "cache.sqlite"
    for step in range(4):
        command = [sys.executable, "-c", RUN, str(folder), str(out), str(cache)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.04 * step)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    run(folder)
    assert written(folder) == expected


def test_progress_counts_the_files_that_are_read(folder: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    store = Cache()
    entry = SourceSettings(path=str(folder))
    ingest(
        folder,
        folder.parent / "out",
        store,
        source="s",
        settings=SETTINGS,
        entry=entry,
        progress=lambda *step: seen.append(step),
    )
    assert seen[-1] == (13, 13, "files read")
    assert TERMS in written(folder)


def test_reasons_of_one_file_are_listed_up_to_a_number_and_a_hopeless_file_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "_MOST_REASONS", 3)
    monkeypatch.setattr(entries, "_HOPELESS", 50)
    (folder / "empty.jsonl").write_text('{"text": ""}\n' * 1000)
    (folder / "some.jsonl").write_text(f'{{"text": "{prose("x")}"}}\n' + '{"text": ""}\n' * 1000)
    run(folder)
    rows, _ = read_records(folder.parent / "out/quarantine.jsonl", Quarantined)
    reasons = [row.reason for row in rows if row.record_id.startswith(("empty", "some"))]
    assert [reason for reason in reasons if "has no text" not in reason] == [
        "document 'empty.jsonl': none of its first 50 records is a document",
        "47 more records of it were rejected",
        "997 more records of it were rejected",
    ]
    assert len(reasons) == 9
