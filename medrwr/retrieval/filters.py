"""Filters by source, modality and date, built from expressions only: what a user types is a value, never syntax."""

from __future__ import annotations

import functools
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medrwr.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_AFTER_ANY_DAY = "~"  # sorts after digits and dashes: "2019~" is later than every day of 2019


@dataclass(frozen=True, slots=True)
class PassageFilter:
    """Passages of any of `sources` and any of `modalities` (empty: all), dated from `since` to `until`, both included.

    Dates are ISO, a year or a month alone allowed; a passage without a date is in no period.

    Raises:
        ConfigError: a date of another form.
    """

    sources: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        for value in (self.since, self.until):
            if value and not _DATE.fullmatch(value):
                raise ConfigError(f"date {value!r}: expected YYYY, YYYY-MM or YYYY-MM-DD")

    def expression(self) -> Any | None:
        """For LanceDB; None when everything passes."""
        from lancedb.expr import col, lit

        parts = []
        if self.sources:
            parts.append(col("source").isin([lit(value) for value in self.sources]))
        if self.modalities:
            parts.append(col("modality").isin([lit(value) for value in self.modalities]))
        if self.since or self.until:
            parts.append(col("date") >= lit(self.since or "0"))
        if self.until:
            parts.append(col("date") <= lit(self.until + _AFTER_ANY_DAY))
        return functools.reduce(operator.and_, parts) if parts else None

    def mask(self, rows: pa.Table) -> NDArray[np.bool_]:
        """The same for rows in memory: True where a row passes."""
        passing = np.ones(rows.num_rows, bool)
        for column, wanted in (("source", self.sources), ("modality", self.modalities)):
            if wanted:
                passing &= np.isin(np.asarray(rows[column].to_pylist(), object), np.asarray(wanted, object))
        if self.since or self.until:
            dates = rows["date"].to_pylist()
            last = self.until + _AFTER_ANY_DAY
            passing &= np.array([(self.since or "0") <= date <= last for date in dates], bool)
        return passing
