"""The one writer of an index: brings a Lance table to the wanted rows, then publishes that version.

Only rows whose content hash changed are written. Every step is a Lance version of its own and none is seen before it
is published, so a run killed anywhere leaves the published generation as it was; the next run finds the rows that
were written already and goes on from there. Another encoder or other settings get a table of their own. The table of
the generation before stays readable until the next update.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrwr.errors import ArtefactError, IndexBusyError
from medrwr.retrieval.manifest import (
    Generation,
    IndexManifest,
    published,
    rows_digest,
    write_generations,
    write_manifest,
)
from medrwr.retrieval.tables import are_remote, has_table, tables_uri

if TYPE_CHECKING:
    import pyarrow as pa

LOCK = "writer.lock"
_FORMAT = 3  # of the tables' columns and of their vector index
_ROWS_A_COMMIT = 4096
_IDS_A_DELETE = 2000
_REBUILT_SHARE = 0.25  # of the rows changed: the vector index is trained anew
_MARGIN = timedelta(seconds=1)
_FOR_EVER = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a table is to hold: the content hash of each id, and how rows of given ids are made."""

    contents: Mapping[str, str]
    rows_of: Callable[[Sequence[str]], pa.Table]


@dataclass(frozen=True, slots=True)
class Change:
    """How an update went: rows written and removed."""

    written: int
    removed: int


Indexer = Callable[[Any, bool], None]  # (table, retrain): build or bring up to date the indexes of a table
Writer = Callable[[Any, Wanted, Sequence[str], Mapping[str, str]], None]  # (table, wanted, ids to write, rows there)
Gate = Callable[[Generation], Mapping[str, int]]  # checks a generation before it is published: its search settings


def update(
    folder: Path,
    manifest_path: Path,
    manifest: IndexManifest,
    wanted: Wanted,
    *,
    index: Indexer,
    gate: Gate,
    write: Writer | None = None,
) -> Change:
    """Make the index in `folder` what `manifest` describes; nothing is written where it is that already.

    Raises:
        IndexBusyError: another process is writing it.
        IndexRecallError: raised by `gate`: the published generation stays.
    """
    with _single_writer(folder):
        before = published(folder, stage=manifest.kind)
        if before and manifest_path.is_file():  # a run killed between its two renames left the one before
            write_manifest(manifest_path, before[0].manifest)
        change = Change(0, 0)
        if not before or before[0].manifest != manifest:
            generation, change = _bring_up(folder, manifest, wanted, index, write or write_here, before)
            search = gate(generation)
            generation = Generation(manifest, generation.table, generation.version, dict(search))
            write_generations(folder, [generation, *before[:1]])
            _remove_tables(folder, {generation.table, *(entry.table for entry in before[:1])})
        write_manifest(manifest_path, manifest)
    return change


def _bring_up(
    folder: Path,
    manifest: IndexManifest,
    wanted: Wanted,
    index: Indexer,
    write: Writer,
    before: Sequence[Generation],
) -> tuple[Generation, Change]:
    name = _table_name(manifest)
    kept = before[0].version if before and before[0].table == name else None
    table = _opened(folder, name, wanted, published=kept is not None)
    present = _contents(table)
    fresh = sorted(identity for identity, sha in wanted.contents.items() if present.get(identity) != sha)
    gone = sorted(present.keys() - wanted.contents.keys())
    write(table, wanted, fresh, present)
    delete_rows(table, gone)
    index(table, len(fresh) + len(gone) > _REBUILT_SHARE * len(wanted.contents))
    if are_remote(folder):
        table.optimize(cleanup_older_than=_FOR_EVER)
    else:
        table.optimize(cleanup_older_than=_age(table, kept), delete_unverified=True)
    _verify(table, manifest, folder)
    return Generation(manifest, name, table.version, {}), Change(len(fresh), len(gone))


def write_here(table: Any, wanted: Wanted, fresh: Sequence[str], present: Mapping[str, str]) -> None:
    """Make and write rows in this process, a commit every few thousand: a killed run goes on from the last."""
    for start in range(0, len(fresh), _ROWS_A_COMMIT):
        batch = wanted.rows_of(fresh[start : start + _ROWS_A_COMMIT])
        if present:
            table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(batch)
        else:
            table.add(batch)


def _opened(folder: Path, name: str, wanted: Wanted, *, published: bool) -> Any:
    """The table; made anew where there is none, or where a killed run left one without its first version."""
    import lancedb

    store = lancedb.connect(tables_uri(folder))
    if has_table(folder, name):
        try:
            return store.open_table(name)
        except (ValueError, RuntimeError, OSError):
            if published:
                raise
            _drop(folder, name)
    return store.create_table(name, schema=wanted.rows_of([]).schema)


def _table_name(manifest: IndexManifest) -> str:
    """A table a shape: rows of another encoder, other settings or other columns never mix."""
    shape = json.dumps([_FORMAT, manifest.encoder, manifest.encoder_digest, dict(manifest.settings)], sort_keys=True)
    return f"{manifest.kind}-{hashlib.sha256(shape.encode()).hexdigest()[:8]}"


def _contents(table: Any) -> dict[str, str]:
    rows = table.search().select(["id", "sha"]).to_arrow()
    return dict(zip(rows["id"].to_pylist(), rows["sha"].to_pylist(), strict=True))


def delete_rows(table: Any, ids: Sequence[str]) -> None:
    """Rows of these ids, in commits of some thousands."""
    from lancedb.expr import col, lit

    for start in range(0, len(ids), _IDS_A_DELETE):
        table.delete(col("id").isin([lit(identity) for identity in ids[start : start + _IDS_A_DELETE]]))


def _age(table: Any, kept: int | None) -> timedelta:
    """Versions older than this may go: the published one and all after it stay; where none is published, the last."""
    stamps = [entry["timestamp"] for entry in table.list_versions() if entry["version"] == kept]
    if not stamps:
        return timedelta(milliseconds=1)
    stamp: datetime = stamps[0] if stamps[0].tzinfo else stamps[0].astimezone()
    return datetime.now(UTC) - stamp + _MARGIN


def _verify(table: Any, manifest: IndexManifest, folder: Path) -> None:
    found = _contents(table)
    if len(found) != manifest.rows or rows_digest(found.items()) != manifest.digest:
        raise ArtefactError(
            f"table {table.name!r} in {folder} holds {len(found)} rows that are not the {manifest.rows} wanted: "
            f"remove {folder} and run `dvc repro {manifest.kind}`"
        )
    for entry in table.list_indices():
        statistics = table.index_stats(entry.name)
        missing = statistics.num_unindexed_rows if statistics is not None else 0
        if missing:
            raise ArtefactError(
                f"index {entry.name!r} of table {table.name!r} in {folder} misses {missing} rows: "
                f"remove {folder} and run `dvc repro {manifest.kind}`"
            )


def _drop(folder: Path, name: str) -> None:
    """A table without its first version: LanceDB drops none that it cannot open."""
    if are_remote(folder):
        raise ArtefactError(f"table {name!r} at {tables_uri(folder)} cannot be opened: remove it there, then try again")
    shutil.rmtree(folder / f"{name}.lance")


def _remove_tables(folder: Path, used: set[str]) -> None:
    """Of a folder; on an object store tables stay."""
    for path in folder.iterdir():
        if path.suffix == ".lance" and path.stem not in used:
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _single_writer(folder: Path) -> Iterator[None]:
    """The lock goes with the process that holds it, however it ends."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise IndexBusyError(
                f"index {folder} is being written by another process: wait until it has ended, then try again"
            ) from None
        yield
