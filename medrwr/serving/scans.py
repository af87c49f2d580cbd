"""An uploaded scan as a picture without identity: PNG, JPEG or DICOM, in memory alone, within limits."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medrwr.errors import ImageError
from medrwr.serving.asking import decode_image
from medrwr.serving.isolation import Isolation

if TYPE_CHECKING:
    from PIL.Image import Image
    from pydicom import Dataset

_MAGIC = slice(128, 132)
# Inflating happens before anything can be counted: a few kilobytes could ask for gigabytes.
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_DECODER = Isolation()
_NOTED = ("Modality", "BodyPartExamined", "ViewPosition")


@dataclass(frozen=True, slots=True)
class Scan:
    """A picture in RGB, and what is worth knowing of where it came from."""

    picture: Image
    notes: tuple[str, ...] = ()


def looks_like_dicom(content: bytes) -> bool:
    """By the prefix after the preamble."""
    return content[_MAGIC] == b"DICM"


def open_scan(content: bytes, *, most_pixels: int = 25_000_000) -> Scan:
    """Decode; of a DICOM file its middle frame, nothing of its header but the kind of picture.

    Raises:
        ImageError: it is damaged, too large, or no such file, or text is burned into its pixels.
    """
    if looks_like_dicom(content):
        return _DECODER.run(open_dicom, content, most_pixels)
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            _check_size(image.width, image.height, most_pixels)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ImageError("the image is no PNG, JPEG or DICOM file: save it as one of these") from None
    return Scan(decode_image(content, what="the image"))


def open_dicom(content: bytes, most_pixels: int) -> Scan:
    """As `open_scan`, in this process: its decoders may end it.

    Raises:
        ImageError: as there.
    """
    from medrwr.retrieval.dicom import DAMAGE, picture_of
    from medrwr.retrieval.dicom_identity import burned_in, without_identity

    if _DEFLATED in content:
        raise ImageError("the DICOM file is deflated as a whole: save it uncompressed, or as JPEG 2000")
    dataset = _read(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lettered, header = burned_in(dataset), without_identity(dataset)
            words = " ".join(str(header.get(name, "") or "").strip() for name in _NOTED).split()
            _check_size(int(dataset.get("Columns", 0) or 0), int(dataset.get("Rows", 0) or 0), most_pixels)
            frames = int(dataset.get("NumberOfFrames", 1) or 1)
    except DAMAGE as error:
        raise ImageError(f"the header of the DICOM file cannot be read ({type(error).__name__}): repair it") from None
    if lettered == "yes":
        raise ImageError("the DICOM file has text burned into its pixels (BurnedInAnnotation YES): mask it first")
    try:
        picture = picture_of(dataset, name="the DICOM file")
    except DAMAGE as error:
        raise ImageError(f"the DICOM file cannot be decoded ({type(error).__name__}): replace it") from None
    return Scan(picture, tuple(_notes(" ".join(words), frames, lettered)))


def _notes(kind: str, frames: int, lettered: str) -> list[str]:
    notes = [f"{kind}: header left out." if kind else "Header left out."]
    if frames > 1:
        notes.append(f"Frame {(frames - 1) // 2 + 1} of {frames}.")
    if lettered == "possible":
        notes.append("Look for names written into the picture.")
    return notes


def _read(content: bytes) -> Dataset:
    from pydicom import dcmread

    from medrwr.retrieval.dicom import DAMAGE

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of every value that bends the standard
            return dcmread(io.BytesIO(content))
    except DAMAGE as error:
        raise ImageError(f"the DICOM file is damaged ({type(error).__name__}): replace it") from None


def _check_size(width: int, height: int, most_pixels: int) -> None:
    if width * height > most_pixels:
        raise ImageError(f"the image has {width}x{height} pixels, at most {most_pixels} are taken: save a smaller copy")
