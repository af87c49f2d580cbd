"""The retriever of image cases (M10, M26): the most similar images, without copies of the query image itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import TypeAdapter

from medrwr.config import CaseIndexSettings
from medrwr.datasets.perceptual import Fingerprint, fingerprint_of, unit_thumbnail
from medrwr.retrieval.case_index import STAGE, shaping_settings
from medrwr.retrieval.encoder import ImageTextEncoder
from medrwr.retrieval.image_encoder import open_image_encoder
from medrwr.retrieval.images import open_image
from medrwr.retrieval.lance import Hit, Table
from medrwr.retrieval.manifest import IndexManifest, check_manifest
from medrwr.retrieval.memory import open_table
from medrwr.types import ImageCase, ScoredCase

if TYPE_CHECKING:
    from PIL.Image import Image

_CASE = TypeAdapter(ImageCase)
_SPARE = 8  # asked for beyond k, in case some are copies
_COPY_CORRELATION = 0.98  # of thumbnails: images of one kind can share a hash without being copies


class CaseRetriever:
    """Image cases by the cosine of their image vectors."""

    def __init__(
        self,
        table: Table,
        manifest: IndexManifest,
        encoder: ImageTextEncoder,
        image_root: Path,
        settings: CaseIndexSettings,
    ) -> None:
        """Use `open_case_retriever`, which checks that these fit together."""
        self.manifest = manifest
        self.settings = settings
        self._table = table
        self._encoder = encoder
        self._image_root = image_root

    def search_batch(self, images: Sequence[Image], *, k: int | None = None) -> list[tuple[ScoredCase, ...]]:
        """The `k` (default: case_index.top_k) most similar cases of each image, best first; near-duplicates left out.

        Fewer than `k` only where the index holds no more.

        Raises:
            RetrievalError: the store failed.
        """
        limit = self.settings.top_k if k is None else k
        if not images or limit == 0:
            return [()] * len(images)
        vectors = self._encoder.encode_images(images)
        found: list[tuple[ScoredCase, ...]] = [()] * len(images)
        waiting, depth = list(range(len(images))), limit + _SPARE
        while waiting:
            hits = self._table.nearest(vectors[waiting], limit=depth)
            for row, near in zip(waiting, hits, strict=True):
                found[row] = self._without_copies(fingerprint_of(images[row]), near)[:limit]
            waiting = [row for row in waiting if len(found[row]) < limit and depth < self.manifest.rows]
            depth *= 4
        return found

    def load_image(self, case: ImageCase) -> Image:
        """The case's image as RGB.

        Raises:
            ImageError: it is gone or broken since the index was built.
        """
        return open_image(self._image_root / case.image)

    def _without_copies(self, query: Fingerprint, hits: Sequence[Hit]) -> tuple[ScoredCase, ...]:
        rows = self._table.take([hit.row for hit in hits], ["id", "case", "thumbnail"])
        kept = {
            identity: _CASE.validate_json(line)
            for identity, line, thumbnail in zip(
                rows["id"].to_pylist(), rows["case"].to_pylist(), rows["thumbnail"].to_pylist(), strict=True
            )
            if not self._is_copy(query, _CASE.validate_json(line).phash, thumbnail)
        }
        return tuple(ScoredCase(kept[hit.identity], hit.score) for hit in hits if hit.identity in kept)

    def _is_copy(self, query: Fingerprint, phash: str, thumbnail: bytes) -> bool:
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(phash), np.uint8)).astype(bool)
        if int((bits != query.bits).sum()) > self.settings.duplicate_distance:
            return False
        correlation = float(unit_thumbnail(np.frombuffer(thumbnail, np.uint8)) @ query.thumbnail)
        return correlation >= _COPY_CORRELATION


def open_case_retriever(
    folder: Path,
    manifest: Path,
    encoders: Path,
    image_root: Path,
    settings: CaseIndexSettings,
    *,
    threads: int = 0,
) -> CaseRetriever:
    """Open the case index in `folder` with the image-text encoder in `encoders`/image.

    Raises:
        ArtefactError: index, manifest or encoder is missing.
        IndexMismatchError: the index was built with another encoder or other settings.
    """
    encoder = open_image_encoder(encoders / "image", threads=threads)
    generation = check_manifest(
        folder,
        manifest,
        stage=STAGE,
        encoder=(encoder.name, encoder.digest),
        settings=shaping_settings(settings),
    )
    return CaseRetriever(open_table(folder, generation), generation.manifest, encoder, image_root, settings)
