"""The manifest of an index: what later stages depend on instead of LanceDB's files, whose names are random.

The manifest lies beside the index, depends on content alone, and is what a pipeline tracks. Inside the index folder
`manifest.json` lists the last generations that were published: of each its manifest, and the table and version that
hold it. A reader looks up the manifest that it was given among them, so that it sees one whole generation, the old
or the new, at every moment of an update.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrwr.errors import ArtefactError, IndexMismatchError
from medrwr.records import write_text_atomic

INSIDE = "manifest.json"


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """`digest`: of the sorted ids and content hashes of all rows. `settings`: those that shaped the index."""

    kind: str
    rows: int
    digest: str
    encoder: str
    encoder_digest: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Generation:
    """One published state: `version` of Lance table `table`, and how its vector index is asked ({}: exactly)."""

    manifest: IndexManifest
    table: str
    version: int
    search: Mapping[str, int]


def rows_digest(rows: Iterable[tuple[str, str]]) -> str:
    """Digest of (id, content hash) pairs in any order."""
    lines = sorted(f"{identity} {content}\n" for identity, content in rows)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_manifest(path: Path, manifest: IndexManifest) -> None:
    """Write as sorted JSON: the same manifest, the same bytes."""
    write_text_atomic(path, json.dumps(dataclasses.asdict(manifest), indent=2, sort_keys=True) + "\n")


def read_manifest(path: Path, *, stage: str) -> IndexManifest:
    """Read a manifest; `stage` is the one that writes it, named in the error.

    Raises:
        ArtefactError: missing or damaged.
    """
    if not path.is_file():
        raise ArtefactError(f"{path} does not exist: run `dvc repro {stage}`")
    try:
        return IndexManifest(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ArtefactError(f"{path} is damaged ({error}): run `dvc repro {stage}`") from None


def write_generations(folder: Path, generations: Iterable[Generation]) -> None:
    """Publish: from this rename on, readers see the first of `generations`, or ask for one of the others."""
    values = {"generations": [dataclasses.asdict(generation) for generation in generations]}
    write_text_atomic(folder / INSIDE, json.dumps(values, indent=2, sort_keys=True) + "\n")


def read_generations(folder: Path, *, stage: str) -> list[Generation]:
    """What was published last, newest first.

    Raises:
        ArtefactError: nothing was, or the list is damaged.
    """
    path = folder / INSIDE
    if not path.is_file():
        raise ArtefactError(f"{path} does not exist: run `dvc repro {stage}`")
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["generations"]
        return [Generation(**{**entry, "manifest": IndexManifest(**entry["manifest"])}) for entry in entries]
    except (ValueError, TypeError, KeyError) as error:
        raise ArtefactError(f"{path} is damaged ({error!r}): run `dvc repro {stage}`") from None


def published(folder: Path, *, stage: str) -> list[Generation]:
    """As `read_generations`; empty where there is nothing that can be read."""
    try:
        return read_generations(folder, stage=stage)
    except ArtefactError:
        return []


def check_manifest(
    folder: Path, path: Path, *, stage: str, encoder: tuple[str, str], settings: Mapping[str, Any]
) -> Generation:
    """The generation in `folder` that the manifest at `path` describes, once encoder (name, digest) and settings fit.

    Raises:
        ArtefactError: the index or its manifest is missing.
        IndexMismatchError: they do not fit; the message says which, and what to run.
    """
    manifest = read_manifest(path, stage=stage)
    found = [entry for entry in read_generations(folder, stage=stage) if entry.manifest == manifest]
    if not found:
        raise IndexMismatchError(f"{path} does not describe the index in {folder}: run `dvc repro --force {stage}`")
    name, digest = encoder
    if (manifest.encoder, manifest.encoder_digest) != encoder:
        raise IndexMismatchError(
            f"index {folder} was built with encoder {manifest.encoder!r} ({manifest.encoder_digest[:12]}), "
            f"the encoder at hand is {name!r} ({digest[:12]}): run `dvc repro {stage}`"
        )
    if dict(manifest.settings) != dict(settings):
        raise IndexMismatchError(
            f"index {folder} was built with {dict(manifest.settings)}, params ask for {dict(settings)}: "
            f"run `dvc repro {stage}`"
        )
    return found[0]
