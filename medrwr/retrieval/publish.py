"""Build a folder beside its place, then swap it in by rename: readers never see half an index."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh_folder(place: Path) -> Iterator[Path]:
    """Yields an empty folder; when the block ends well, it takes the place of `place`.

    What a killed run left behind (`.<name>.new`, `.<name>.old`) is removed first. Between the two renames there is a
    moment without `place`; a run killed then leaves no index, and the next one builds it.
    """
    new, old = (place.with_name(f".{place.name}.{suffix}") for suffix in ("new", "old"))
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir(parents=True)
    yield new
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)
