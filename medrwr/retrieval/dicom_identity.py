"""Identity out of DICOM headers: the Basic Application Level Confidentiality Profile (PS3.15, table E.1-1).

The table is dicom-anonymizer's, of the standard's edition 2026c. Everything that it names is removed, at every depth:
the dummy values that the profile allows (names, dates) would serve nobody here. Private elements, overlays and pixels
go too.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.dataelem import DataElement

_TABLE = "dicomfields_2026c"
# Kinds of picture that often carry text in the pixels, when the header does not say (PS3.15, section E.3.1)
_OFTEN_LETTERED = frozenset({"US", "SC", "OT", "XA", "ES", "GM", "OP", "DOC", "SR"})


def without_identity(dataset: Dataset) -> Dataset:
    """A copy without pixels, private elements, overlays, or any value that the profile's table names."""
    from pydicom import Dataset

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clean = Dataset()
        for element in dataset:
            if not element.tag.is_private and element.tag.group < 0x5000 and element.VR not in {"OW", "UN"}:
                clean.add(element)
        return _cleaned(clean)


def burned_in(dataset: Dataset) -> str:
    """Whether text is burned into the pixels: 'yes' and 'no' as the header says, else 'possible' by kind of picture."""
    said = str(getattr(dataset, "BurnedInAnnotation", "") or "").upper()
    if said in {"YES", "NO"}:
        return said.lower()
    modality = str(getattr(dataset, "Modality", "") or "").upper()
    return "possible" if modality in _OFTEN_LETTERED or not modality else "no"


def identity_elements(dataset: Dataset) -> Iterator[DataElement]:
    """Elements, at any depth, that the profile's table names and that still have a value."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value or ():
                yield from identity_elements(item)
        if element.tag.is_private or (_is_named(element.tag) and not _is_empty(element)):
            yield element


def _cleaned(dataset: Dataset) -> Dataset:
    from pydicom import Dataset, Sequence

    clean = Dataset()
    for element in dataset:
        if element.tag.is_private or _is_named(element.tag):
            continue  # every action of the profile but K: a header without them is complete enough for a caption
        if element.VR == "SQ":
            element = type(element)(element.tag, "SQ", Sequence([_cleaned(item) for item in element.value or ()]))
        clean.add(element)
    return clean


def _is_empty(element: DataElement) -> bool:
    return element.value is None or element.value == "" or (element.VR == "SQ" and not element.value)


def _is_named(tag: Any) -> bool:
    single, masked = _table()
    if (tag.group, tag.element) in single:
        return True
    return any(
        tag.group & mask_group == group & mask_group and tag.element & mask_element == element & mask_element
        for group, element, mask_group, mask_element in masked
    )


@functools.cache
def _table() -> tuple[frozenset[tuple[int, int]], tuple[tuple[int, int, int, int], ...]]:
    """Tags that the profile removes, empties or replaces: single ones, and repeating groups as (tag, mask)."""
    from dicomanonymizer.simpledicomanonymizer import initialize_actions

    tags = list(initialize_actions(_TABLE))
    return (
        frozenset((tag[0], tag[1]) for tag in tags if len(tag) == 2),
        tuple((tag[0], tag[1], tag[2], tag[3]) for tag in tags if len(tag) == 4),
    )
