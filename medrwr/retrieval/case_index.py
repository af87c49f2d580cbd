"""The index of image cases (M10): a LanceDB table with image vectors, perceptual hashes and thumbnails."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from medrwr.config import CaseIndexSettings
from medrwr.datasets.perceptual import SIDE, fingerprint_of
from medrwr.errors import ArtefactError
from medrwr.records import to_line
from medrwr.retrieval.encoder import ImageTextEncoder
from medrwr.retrieval.gate import tuned_search
from medrwr.retrieval.images import open_cases
from medrwr.retrieval.manifest import Generation, IndexManifest, rows_digest
from medrwr.retrieval.store import Wanted, update
from medrwr.retrieval.vector_index import build_vector_index
from medrwr.types import ImageCase, Quarantined

if TYPE_CHECKING:
    import pyarrow as pa
    from PIL.Image import Image

STAGE = "case_index"
KIND = "cases"
_GATE_QUERIES = 100


def shaping_settings(settings: CaseIndexSettings) -> dict[str, Any]:
    """The settings that a case index is built by; the others act at search time."""
    return {"exact_below": settings.exact_below}


def build_case_index(
    cases: Sequence[ImageCase],
    root: Path,
    encoder: ImageTextEncoder,
    folder: Path,
    manifest_path: Path,
    settings: CaseIndexSettings,
) -> tuple[IndexManifest, list[Quarantined]]:
    """Build and publish; `case.image` is relative to `root`. Cases whose image cannot be read come back, left out.

    Raises:
        ArtefactError: no case has a readable image, or two cases have one id.
    """
    kept, images, bad = open_cases(cases, root)
    if not kept:
        reasons = "; ".join(entry.reason for entry in bad[:3])
        raise ArtefactError(f"none of {len(cases)} image cases in {root} can be indexed: {reasons or 'there are none'}")
    if len({case.case_id for case in kept}) != len(kept):
        raise ArtefactError(f"image cases in {root} repeat a case_id: make them distinct")
    hashed = [dataclasses.replace(case, phash=hash_of(image)) for case, image in zip(kept, images, strict=True)]
    contents = dict(_contents(hashed, images))
    manifest = IndexManifest(
        kind=KIND,
        rows=len(hashed),
        digest=rows_digest(contents.items()),
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        settings=shaping_settings(settings),
    )
    rows = _Rows(hashed, images, contents, encoder)
    approximate = manifest.rows >= settings.exact_below

    def check(generation: Generation) -> Mapping[str, int]:
        if not approximate:
            return {}
        step = max(1, len(images) // _GATE_QUERIES)
        queries = encoder.encode_images([image.rotate(3) for image in images[::step][:_GATE_QUERIES]])
        return tuned_search(folder, generation, queries, k=3, limit=10, minimum=settings.minimum_recall)

    def index(table: Any, retrain: bool) -> None:
        _index(table, vectors=approximate, retrain=retrain)

    update(folder, manifest_path, manifest, Wanted(contents, rows.of), index=index, gate=check)
    return manifest, bad


def hash_of(image: Image) -> str:
    """The 64 bits of the perceptual hash as 16 hex digits."""
    return np.packbits(fingerprint_of(image).bits).tobytes().hex()


def thumbnail_of(image: Image) -> bytes:
    """Grey values of the 32 x 32 thumbnail, 1,024 bytes."""
    from PIL.Image import Resampling

    return image.convert("L").resize((SIDE, SIDE), Resampling.BOX).tobytes()


def _contents(cases: Sequence[ImageCase], images: Sequence[Image]) -> list[tuple[str, str]]:
    return [
        (case.case_id, hashlib.sha256(to_line(case).encode() + image.tobytes()).hexdigest()[:16])
        for case, image in zip(cases, images, strict=True)
    ]


class _Rows:
    """Makes the rows of given case ids."""

    def __init__(
        self,
        cases: Sequence[ImageCase],
        images: Sequence[Image],
        contents: Mapping[str, str],
        encoder: ImageTextEncoder,
    ) -> None:
        self._cases = {case.case_id: (case, image) for case, image in zip(cases, images, strict=True)}
        self._contents, self._encoder = contents, encoder

    def of(self, ids: Sequence[str]) -> pa.Table:
        """Columns: id, content hash, the case as JSON, grey thumbnail, vector."""
        import pyarrow as pa

        found = [self._cases[identity] for identity in ids]
        vectors = self._encoder.encode_images([image for _, image in found]) if found else np.zeros(0, np.float32)
        values = pa.array(vectors.ravel(), type=pa.float32())
        return pa.table(
            {
                "id": pa.array([case.case_id for case, _ in found], type=pa.string()),
                "sha": pa.array([self._contents[case.case_id] for case, _ in found], type=pa.string()),
                "case": pa.array([to_line(case) for case, _ in found], type=pa.string()),
                "thumbnail": pa.array([thumbnail_of(image) for _, image in found], type=pa.binary()),
                "vector": pa.FixedSizeListArray.from_arrays(values, self._encoder.dim),
            }
        )


def _index(table: Any, *, vectors: bool, retrain: bool) -> None:
    if vectors and (retrain or not table.list_indices()):
        build_vector_index(table)
