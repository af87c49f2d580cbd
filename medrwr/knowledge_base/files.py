"""The files of a source and what their documents are called."""

from __future__ import annotations

import os
from pathlib import Path

from medrwr.errors import ArtefactError

_DROPPED = ".md"  # of one suffix only: two files never claim one id, and a new file never renames another


def list_files(folder: Path, source: str) -> list[tuple[Path, str]]:
    """Files below `folder` (dangling links included) with their ids, sorted; names starting with a dot are left out.

    Raises:
        ArtefactError: the folder is missing or has no file.
    """
    if not folder.is_dir():
        raise ArtefactError(
            f"source {source!r}: folder {folder} does not exist: "
            f"create it, or correct knowledge_base.sources.{source}.path"
        )
    found = sorted(_walk(str(folder), ()))
    if not found:
        raise ArtefactError(f"source {source!r}: folder {folder} is empty: put its documents there")
    return [(folder.joinpath(*parts), "/".join(parts).removesuffix(_DROPPED)) for parts in found]


def _walk(folder: str, parts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Relative parts of all files; links to folders are not followed, pipes and devices not opened."""
    found: list[tuple[str, ...]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                found += _walk(entry.path, (*parts, entry.name))
            elif entry.is_file() or entry.is_symlink():
                found.append((*parts, entry.name))
    return found
