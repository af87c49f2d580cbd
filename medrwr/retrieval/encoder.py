"""What an encoder is, and the card (encoder.json) that its folder carries."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from medrwr.digests import file_digest
from medrwr.errors import ArtefactError
from medrwr.records import write_text_atomic

if TYPE_CHECKING:
    from PIL.Image import Image

CARD = "encoder.json"
Matrix = NDArray[np.float32]


class TextEncoder(Protocol):
    """Text -> vectors: float32 [N, dim], L2-normalised, in the order of `texts`."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def dim(self) -> int: ...
    def encode(self, texts: Sequence[str]) -> Matrix: ...
    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Queries, where they have a tower of their own (MedCPT); else as `encode`."""


class ImageTextEncoder(Protocol):
    """Images and texts -> vectors of one space (M18): float32 [N, dim], L2-normalised."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def dim(self) -> int: ...
    def encode_images(self, images: Sequence[Image]) -> Matrix: ...
    def encode_texts(self, texts: Sequence[str]) -> Matrix: ...


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """Name, size and settings of an encoder; `digest` covers the settings and every file named in `files`."""

    name: str
    dim: int
    digest: str
    files: tuple[str, ...]
    settings: Mapping[str, Any]


def write_card(folder: Path, *, name: str, dim: int, files: Sequence[str], settings: Mapping[str, Any]) -> EncoderCard:
    """Write encoder.json, last of all: a folder without it is not an encoder."""
    digest = hashlib.sha256(json.dumps([name, dim, dict(settings)], sort_keys=True).encode())
    for file in files:
        digest.update(f"{file}\0{file_digest(folder / file)}\n".encode())
    card = EncoderCard(name, dim, digest.hexdigest(), tuple(files), dict(settings))
    write_text_atomic(folder / CARD, json.dumps(dataclasses.asdict(card), indent=2, sort_keys=True) + "\n")
    return card


def read_card(folder: Path) -> EncoderCard:
    """Read encoder.json.

    Raises:
        ArtefactError: the folder, its card or one of the files that the card names is missing or unreadable.
    """
    path = folder / CARD
    if not path.is_file():
        raise ArtefactError(f"{folder} is no encoder: it has no {CARD}: run `dvc repro encoders`")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        card = EncoderCard(
            values["name"], int(values["dim"]), values["digest"], tuple(values["files"]), values["settings"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactError(f"{path} is damaged ({error!r}): run `dvc repro encoders`") from None
    missing = [file for file in card.files if not (folder / file).is_file()]
    if missing:
        raise ArtefactError(f"encoder {card.name!r} in {folder} lacks {', '.join(missing)}: run `dvc repro encoders`")
    return card


def normalise(vectors: NDArray[Any]) -> Matrix:
    """Rows scaled to length 1; a row of zeros stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Matrix = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return scaled
