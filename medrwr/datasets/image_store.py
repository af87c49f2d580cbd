"""Images of a published data set: files below a folder, or packed in its zip archives, as PubMedVision ships them."""

from __future__ import annotations

import os
import shutil
import zipfile
from functools import cached_property
from pathlib import Path, PurePosixPath

from medrwr.errors import ArtefactError, ImageError

_LARGEST = 64 * 2**20  # bytes of one unpacked image


class ImageStore:
    """Finds images by the names that records give; a name never leads out of the folder.

    An archive's own folders do not count ("unzip -j"): its images are found by the last part of a name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def require(self, name: object) -> str:
        """The name, when there is an image of it.

        Raises:
            ImageError: no name, one that leads out of the folder, or nothing there.
        """
        if not isinstance(name, str) or not name.strip():
            raise ImageError(f"has the image name {name!r}, expected a path")
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise ImageError(f"has the image name {name!r}, which leads out of the data set's folder")
        if self._file(name) is None and PurePosixPath(name).name not in self._packed:
            raise ImageError(f"image {name!r} is missing")
        return name

    def put(self, name: str, target: Path) -> None:
        """The image as a file at `target`: a hard link where that is possible, else a copy.

        Raises:
            ImageError: it is not there, larger than 64 MiB, or its archive is damaged.
        """
        self.require(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        file = self._file(name)
        if file is not None:
            try:
                os.link(file.resolve(), target)
            except OSError:
                shutil.copyfile(file, target)
            return
        archive, member = self._packed[PurePosixPath(name).name]
        if member.file_size > _LARGEST:
            raise ImageError(f"image {name!r} has {member.file_size} bytes unpacked, expected at most {_LARGEST}")
        try:
            target.write_bytes(archive.read(member))
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
            raise ImageError(f"image {name!r} cannot be unpacked ({error}): fetch {archive.filename} again") from None

    def _file(self, name: str) -> Path | None:
        places = (self._folder / name, self._folder / "images" / PurePosixPath(name).name)
        return next((place for place in places if place.is_file()), None)

    @cached_property
    def _packed(self) -> dict[str, tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
        found: dict[str, tuple[zipfile.ZipFile, zipfile.ZipInfo]] = {}
        for path in sorted(self._folder.glob("*.zip")):
            try:
                archive = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError) as error:
                raise ArtefactError(f"{path} is no sound zip archive ({error}): fetch it again") from None
            found |= {PurePosixPath(m.filename).name: (archive, m) for m in archive.infolist() if not m.is_dir()}
        return found
