"""Rows of CSV files, with a header or with given names."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from medrwr.datasets.rows import Row


def read_table(files: Iterable[Path], *, names: Sequence[str] = ()) -> Iterator[Row]:
    """All rows of the files; one that has more or fewer cells than names is damaged.

    Args:
        names: of the columns; empty: the first row has them.
    """
    for file in files:
        with file.open(encoding="utf-8-sig", errors="strict", newline="") as stream:
            reader, header, number = csv.reader(stream), list(names), 0
            try:
                header = header or next(reader, [])
                for number, cells in enumerate(reader, start=1):
                    place = f"{file.name}:{number}"
                    if len(cells) != len(header):
                        yield Row(place, None, f"has {len(cells)} cells, expected {len(header)}")
                    else:
                        yield Row(place, dict(zip(header, cells, strict=True)))
            except (csv.Error, UnicodeDecodeError) as error:
                yield Row(f"{file.name}:{number + 1}", None, f"cannot be read ({error}): fetch the data set again")
