"""`medrwr kb add`: a folder becomes a source in params.yaml, its comments kept; its passages and the index follow."""

from __future__ import annotations

import io
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from ruamel.yaml import YAML

from medrwr.config import Params, SourceSettings, parse
from medrwr.errors import ConfigError
from medrwr.knowledge_base.cache import Cache
from medrwr.knowledge_base.ingestion import ingest
from medrwr.knowledge_base.output import Ingested
from medrwr.records import write_text_atomic
from pipelines.cli.kb_current import is_current, note_indexed
from pipelines.cli.screen import make_console
from pipelines.params import FILE, load_params
from pipelines.paths import Paths
from pipelines.runner import run_stage
from pipelines.tracking.progress import ProgressLine

_NAME = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line gave."""

    folder: Path
    name: str = ""
    format: str = "auto"
    licence: str = ""
    text: tuple[str, ...] = ()
    index: bool = True


def add(request: Request, root: Path = Path()) -> None:
    """Read the folder; only when it has a usable document, name it in params.yaml, and bring the index up to date.

    Raises:
        ConfigError: the folder or the name cannot be a source.
        ArtefactError: no file of the folder is usable; nothing was changed then.
    """
    paths, console = Paths(root), make_console()
    text = (root / FILE).read_text(encoding="utf-8") if (root / FILE).is_file() else ""
    params = load_params(root)
    name, entry = _entry(request, params, paths)
    new = with_source(text, name, entry)
    changed = parse(YAML(typ="safe", pure=True).load(new))
    before = params.knowledge_base.sources.get(name)
    done = _read(name, changed, paths)
    if before != changed.knowledge_base.sources[name]:
        write_text_atomic(root / FILE, new)
    what = "brought up to date" if before else "added"
    console.print(
        f"[bold]{escape(name)}[/bold] {what}: {done.passages} passages of {done.documents} documents; "
        f"{done.read} of {done.files} files read, {done.quarantined} quarantined, "
        f"{done.near_duplicates} near-duplicate passages left out"
    )
    if before and not done.read and is_current(changed, paths):
        console.print("nothing has changed: the index is up to date")
        return
    run_stage("knowledge_base", source=name, root=root)
    if not request.index:
        return
    if (paths.encoders / "text").is_dir():
        run_stage("index", root=root)
        note_indexed(load_params(root), paths)
    else:
        console.print("there is no text encoder yet: `dvc repro index` makes it, and the index")


def with_source(text: str, name: str, entry: dict[str, Any]) -> str:
    """params.yaml with the source; every other line stays as it is."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.representer.add_representer(type(None), _represent_none)
    values = yaml.load(text) or {}
    values.setdefault("knowledge_base", {}).setdefault("sources", {})[name] = entry
    stream = io.StringIO()
    yaml.dump(values, stream)
    return stream.getvalue()


def _represent_none(representer: Any, _value: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _entry(request: Request, params: Params, paths: Paths) -> tuple[str, dict[str, Any]]:
    """Name and settings; those of the source that the folder already is, where the request does not say otherwise."""
    folder = _folder(request.folder, paths)
    sources = params.knowledge_base.sources
    same = next((name for name, one in sources.items() if (paths.root / one.path).resolve() == folder), "")
    name = request.name or same or re.sub(r"[^a-z0-9_-]+", "-", folder.name.lower()).strip("-")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot name a source, expected a-z, 0-9, _ and -: choose one with --name")
    if same and name != same:
        raise ConfigError(f"{request.folder} is the source {same!r} already: leave --name out to bring it up to date")
    if name in sources and not same:
        raise ConfigError(f"source {name!r} is {sources[name].path}: choose another name with --name")
    if not same:
        _reject_overlap(folder, sources, paths)
    old = sources[same].model_dump(exclude_defaults=True) if same else {}
    entry: dict[str, Any] = {"path": old.get("path") or _relative(folder, paths), "format": old.get("format", "auto")}
    entry["format"] = request.format if request.format != "auto" else entry["format"]
    if licence := request.licence or old.get("licence", ""):
        entry["licence"] = licence
    if columns := {**old.get("columns", {}), **({"text": list(request.text)} if request.text else {})}:
        entry["columns"] = columns
    return name, entry


def _folder(folder: Path, paths: Paths) -> Path:
    if not folder.is_dir():
        kind = "a file" if folder.exists() else "missing"
        raise ConfigError(f"{folder} is {kind}, expected a folder of documents: name the folder that holds them")
    found = folder.resolve()
    workspace = paths.root.resolve()
    if workspace.is_relative_to(found):
        raise ConfigError(f"{folder} holds this workspace: put the documents into a folder of their own")
    for own in (paths.knowledge_bases, paths.index, paths.case_index, paths.root / "models", paths.root / "work"):
        if found.is_relative_to(own.resolve()):
            raise ConfigError(f"{folder} is where stages write: put the documents into a folder of their own")
    return found


def _reject_overlap(folder: Path, sources: dict[str, SourceSettings], paths: Paths) -> None:
    for name, one in sources.items():
        other = (paths.root / one.path).resolve()
        if folder.is_relative_to(other) or other.is_relative_to(folder):
            raise ConfigError(f"{folder} and source {name!r} ({one.path}) share documents: each would be found twice")


def _relative(folder: Path, paths: Paths) -> str:
    workspace = paths.root.resolve()
    return folder.relative_to(workspace).as_posix() if folder.is_relative_to(workspace) else folder.as_posix()


def _read(name: str, params: Params, paths: Paths) -> Ingested:
    """The passages, with a progress bar; what a refused folder left is taken away again."""
    entry = params.knowledge_base.sources[name]
    out, kept = paths.knowledge_base(name), paths.work("knowledge_base") / f"{name}.sqlite"
    fresh = not kept.exists()
    line, store = ProgressLine(), Cache(kept)
    done: Ingested | None = None
    try:
        folder = paths.root / entry.path
        done = ingest(
            folder, out, store, source=name, settings=params.knowledge_base, entry=entry, progress=line.update
        )
    finally:
        line.close()
        store.close()
        if done is None and fresh:
            kept.unlink(missing_ok=True)
            shutil.rmtree(out, ignore_errors=True)
    return done
