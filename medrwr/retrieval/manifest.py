"""The manifest of an index: what later stages depend on instead of LanceDB's files, whose names are random."""

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

INSIDE = "manifest.json"  # the copy inside the index folder: folder and manifest can be told to belong together


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """`digest`: of the sorted ids and content hashes of all rows. `settings`: those that shaped the index."""

    kind: str
    rows: int
    digest: str
    encoder: str
    encoder_digest: str
    settings: Mapping[str, Any]


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


def in_place(folder: Path, manifest: IndexManifest) -> bool:
    """Whether the index in `folder` is already what `manifest` describes."""
    try:
        return read_manifest(folder / INSIDE, stage=manifest.kind) == manifest
    except ArtefactError:
        return False


def check_manifest(
    folder: Path, path: Path, *, stage: str, encoder: tuple[str, str], settings: Mapping[str, Any]
) -> IndexManifest:
    """The manifest of the index in `folder`, once index, manifest, encoder (name, digest) and settings fit together.

    Raises:
        ArtefactError: the index or its manifest is missing.
        IndexMismatchError: they do not fit; the message says which, and what to run.
    """
    manifest = read_manifest(path, stage=stage)
    if read_manifest(folder / INSIDE, stage=stage) != manifest:
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
    return manifest
