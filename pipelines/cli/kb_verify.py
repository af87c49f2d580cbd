"""`medrwr kb verify`: folders, passages and index agree, or it says which do not and what to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from medrwr.config import KnowledgeBaseSettings
from medrwr.errors import ArtefactError, DigestError
from medrwr.knowledge_base.cache import Cache
from medrwr.knowledge_base.chunking import passage_id
from medrwr.knowledge_base.files import list_files
from medrwr.knowledge_base.keys import digested
from medrwr.knowledge_base.output import PASSAGES
from medrwr.records import read_records
from medrwr.types import Passage
from pipelines.cli.screen import make_console
from pipelines.params import load_params
from pipelines.paths import Paths


def verify(root: Path = Path(), console: Console | None = None) -> None:
    """Print one line a check.

    Raises:
        DigestError: something does not agree; all that does not is named.
    """
    paths, console = Paths(root), console or make_console()
    settings = load_params(root).knowledge_base
    rows: list[tuple[str, str]] = []
    wrong: list[str] = []
    for name in sorted(settings.sources):
        try:
            passages = _passages(paths.knowledge_base(name) / PASSAGES)
        except ArtefactError as error:
            wrong.append(str(error))
            continue
        faults = [*_ids(name, passages), *_folder(name, settings, paths)]
        wrong += faults
        rows += [_row(passage) for passage in passages]
        _say(console, name, f"{len(passages)} passages", faults)
    faults = list(_index(rows, paths)) if not wrong else ["not compared: the passages are not in order"]
    wrong += faults if not wrong else []
    _say(console, "index", f"{len(rows)} rows", faults)
    if wrong:
        raise DigestError("; ".join(wrong))


def _passages(path: Path) -> list[Passage]:
    passages, bad = read_records(path, Passage)
    if bad:
        raise ArtefactError(f"{path} is damaged ({bad[0].record_id}: {bad[0].reason}): run `dvc repro`")
    return passages


def _row(passage: Passage) -> tuple[str, str]:
    from medrwr.retrieval.rows import content_hash

    return passage.passage_id, content_hash(passage)


def _ids(name: str, passages: list[Passage]) -> Iterator[str]:
    """Ids are hashes of what they name, each there once."""
    wrong = [one for one in passages if passage_id(one.source, one.document_id, one.text) != one.passage_id]
    if wrong:
        yield (
            f"source {name!r}: {len(wrong)} passages were changed after they were made (the first: "
            f"{wrong[0].passage_id}): run `dvc repro --force knowledge_base@{name}`"
        )
    if len({one.passage_id for one in passages}) != len(passages):
        yield f"source {name!r}: passages repeat an id: run `dvc repro --force knowledge_base@{name}`"


def _folder(name: str, settings: KnowledgeBaseSettings, paths: Paths) -> Iterator[str]:
    """The passages were made of what the folder holds now; where no cache tells, DVC does."""
    kept = paths.work("knowledge_base") / f"{name}.sqlite"
    if not kept.is_file():
        return
    entry = settings.sources[name]
    files = digested(list_files(paths.root / entry.path, name), name, settings, entry)
    store = Cache(kept)
    try:
        known = store.keys()
    finally:
        store.close()
    changed = sum(known.pop(file.file_id, "") != file.key for file in files)
    if changed or known:
        yield (
            f"source {name!r}: {changed} files were added or changed and {len(known)} taken away since its passages "
            f"were made: run `medrwr kb add {entry.path}`"
        )


def _index(rows: list[tuple[str, str]], paths: Paths) -> Iterator[str]:
    from medrwr.retrieval.manifest import read_manifest, rows_digest

    try:
        manifest = read_manifest(paths.index_manifest, stage="index")
    except ArtefactError as error:
        yield str(error)
        return
    if manifest.digest != rows_digest(rows):
        yield (
            f"the index holds {manifest.rows} rows of other content than the {len(rows)} passages: "
            "run `dvc repro index`"
        )


def _say(console: Console, name: str, what: str, faults: list[str]) -> None:
    verdict = "[red]does not agree[/]" if faults else "[green]agrees[/]"
    console.print(f"{escape(name)}: {what}, {verdict}")
