"""Images of a benchmark: files below its folder, members of its zip archives, or bytes inside its parquet files."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from medrwr.errors import ArtefactError, ImageError

_LARGEST = 64 * 2**20  # bytes of one image


class Pictures:
    """Finds images; a name never leads out of the folder.

    Args:
        folder: the benchmark's.
        unpacked: where images from archives and parquet files are written.
        below: folders that the release's names leave out ("VQA_RAD Image Folder").
    """

    def __init__(self, folder: Path, unpacked: Path, below: Sequence[str] = ("images", "imgs", "Images")) -> None:
        self._folder, self._unpacked, self._below = folder, unpacked, below

    def named(self, name: object) -> str:
        """The path of the image with this name: relative to the folder, absolute where it had to be unpacked.

        Raises:
            ImageError: no name, one that leads out of the folder, nothing there, or more than one archive member.
        """
        if not isinstance(name, str) or not name.strip():
            raise ImageError(f"has the image name {name!r}, expected a path")
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise ImageError(f"has the image name {name!r}, which leads out of the data set's folder")
        for place in (name, *(f"{folder}/{name}" for folder in self._below)):
            if (self._folder / place).is_file():
                return place
        members = self._members.get(PurePosixPath(name).parts[-1], [])
        fitting = [one for one in members if one[1].filename == name or one[1].filename.endswith(f"/{name}")]
        if not fitting:
            raise ImageError(f"image {name!r} is missing")
        if len(fitting) > 1:
            raise ImageError(f"image {name!r} is in the archives {len(fitting)} times: unpack them")
        archive, member = fitting[0]
        if member.file_size > _LARGEST:
            raise ImageError(f"image {name!r} has {member.file_size} bytes, expected at most {_LARGEST}")
        try:
            return self._write(archive.read(member), PurePosixPath(name).suffix)
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
            raise ImageError(f"image {name!r} cannot be unpacked ({error}): fetch the archive again") from None

    def embedded(self, cell: object) -> str:
        """The path of an image that a parquet cell holds, as {"bytes": .., "path": ..}, or names.

        Raises:
            ImageError: the cell holds neither.
        """
        if isinstance(cell, Mapping):
            content: Any = cell.get("bytes")
            if isinstance(content, bytes) and 0 < len(content) <= _LARGEST:
                return self._write(content, PurePosixPath(str(cell.get("path") or "")).suffix or ".png")
            cell = cell.get("path")
        return self.named(cell)

    def _write(self, content: bytes, suffix: str) -> str:
        file = self._unpacked / f"{hashlib.sha256(content).hexdigest()[:24]}{suffix.lower()}"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_suffix(".tmp")
            temporary.write_bytes(content)
            temporary.replace(file)
        return str(file.resolve())

    @cached_property
    def _members(self) -> dict[str, list[tuple[zipfile.ZipFile, zipfile.ZipInfo]]]:
        found: dict[str, list[tuple[zipfile.ZipFile, zipfile.ZipInfo]]] = {}
        for path in sorted(self._folder.rglob("*.zip")):
            try:
                archive = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError) as error:
                raise ArtefactError(f"{path} is no sound zip archive ({error}): fetch it again") from None
            for member in archive.infolist():
                if not member.is_dir():
                    found.setdefault(PurePosixPath(member.filename).name, []).append((archive, member))
        return found


def folder_of(path: Path) -> Path:
    """The folder of a benchmark that was named by a file of it."""
    return path.parent if path.is_file() else path
