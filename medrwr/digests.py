"""SHA-256 digests of files and folders: how one artefact names another without copying it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from medrwr.errors import ArtefactError

_BLOCK = 1 << 20


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex.

    Raises:
        ArtefactError: there is no such file.
    """
    if not path.is_file():
        raise ArtefactError(f"{path} does not exist, expected a file: run the stage that writes it (`dvc repro`)")
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def folder_digest(folder: Path) -> str:
    """SHA-256 over the sorted relative names and digests of a folder's files: independent of times and order.

    Raises:
        ArtefactError: the folder is missing or holds no file.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if not files:
        raise ArtefactError(f"{folder} holds no file, expected an artefact: run the stage that writes it (`dvc repro`)")
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\n".encode())
    return digest.hexdigest()
