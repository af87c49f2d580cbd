"""Which files below a benchmark's folder hold a split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medrwr.datasets.rows import SPLITS
from medrwr.errors import ArtefactError

SUFFIXES = (".json", ".jsonl", ".parquet", ".csv")


def data_files(path: Path, split: str, *, suffixes: Sequence[str] = SUFFIXES, part: str = "") -> list[Path]:
    """`path` itself when it is a file, else the data files below it.

    Those in a folder or file named `part`, where there are any; of these those named for the split, where any file is
    named for a split ("dev.json"); all others where none is.

    Raises:
        ArtefactError: there is none.
    """
    if path.is_file():
        return [path]
    if split not in SPLITS:
        raise ArtefactError(f"split {split!r} is unknown: known are {', '.join(SPLITS)}")
    files = sorted(file for file in path.rglob("*") if file.suffix in suffixes and file.is_file())
    if part:
        files = [file for file in files if part.lower() in str(file.relative_to(path)).lower()] or files
    named = [file for file in files if _splits_in(file)]
    chosen = [file for file in named if split in _splits_in(file)] if named else files
    if not chosen:
        there = ", ".join(file.name for file in files[:5]) or "no data file"
        raise ArtefactError(
            f"{path} has no file of the split {split!r} (there: {there}; {', '.join(suffixes)} are read): "
            "name the file itself, or another --split"
        )
    return chosen


def _splits_in(file: Path) -> set[str]:
    words = set("".join(letter if letter.isalnum() else " " for letter in file.stem.lower()).split())
    return {split for split, spellings in SPLITS.items() if words & set(spellings)}
