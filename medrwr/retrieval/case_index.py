"""The index of image cases (M10): a LanceDB table with image vectors, perceptual hashes and thumbnails."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from medrwr.config import CaseIndexSettings
from medrwr.datasets.perceptual import SIDE, fingerprint_of
from medrwr.errors import ArtefactError
from medrwr.records import to_line
from medrwr.retrieval.encoder import ImageTextEncoder, Matrix
from medrwr.retrieval.images import open_cases
from medrwr.retrieval.manifest import INSIDE, IndexManifest, in_place, rows_digest, write_manifest
from medrwr.retrieval.publish import fresh_folder
from medrwr.types import ImageCase, Quarantined

if TYPE_CHECKING:
    import pyarrow as pa
    from PIL.Image import Image

TABLE = "cases"
STAGE = "case_index"


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
    manifest = IndexManifest(
        kind="cases",
        rows=len(hashed),
        digest=rows_digest(_contents(hashed, images)),
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        settings=shaping_settings(settings),
    )
    if not in_place(folder, manifest):
        with fresh_folder(folder) as new:
            _write_table(new, _rows(hashed, images, encoder.encode_images(images)), settings)
            write_manifest(new / INSIDE, manifest)
    write_manifest(manifest_path, manifest)
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


def _rows(cases: Sequence[ImageCase], images: Sequence[Image], vectors: Matrix) -> pa.Table:
    import pyarrow as pa

    order = sorted(range(len(cases)), key=lambda row: cases[row].case_id)
    values = pa.array(vectors[order].ravel(), type=pa.float32())
    return pa.table(
        {
            "id": [cases[row].case_id for row in order],
            "case": [to_line(cases[row]) for row in order],
            "thumbnail": pa.array([thumbnail_of(images[row]) for row in order], type=pa.binary()),
            "vector": pa.FixedSizeListArray.from_arrays(values, vectors.shape[1]),
        }
    )


def _write_table(folder: Path, rows: pa.Table, settings: CaseIndexSettings) -> None:
    import lancedb
    from lancedb.index import HnswSq

    table = lancedb.connect(str(folder)).create_table(TABLE, rows)
    if rows.num_rows >= settings.exact_below:
        table.create_index("vector", config=HnswSq(distance_type="cosine"), name="vector")
        table.wait_for_index(["vector"])
