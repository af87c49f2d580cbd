"""DICOM files as pictures: modality and VOI look-up tables, photometric interpretation, frames, compressed syntaxes.

Decoders are pydicom's plugins of permissive licences: pylibjpeg-openjpeg (JPEG 2000, HTJ2K), pyjpegls (JPEG-LS),
GDCM (lossless JPEG), Pillow and pydicom itself (baseline JPEG, RLE).
"""

from __future__ import annotations

import contextlib
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medrwr.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image
    from pydicom import Dataset

_MOST_PIXELS = 64_000_000
_MAGIC_AT, _MAGIC = 128, b"DICM"
# What pydicom and its plugins raise on damaged or unusual files; anything else is a fault of ours.
DAMAGE: tuple[type[Exception], ...] = (ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError,
                                       RuntimeError, TypeError, ValueError, struct.error, zlib.error)  # fmt: skip
with contextlib.suppress(ImportError):  # the extra `dicom`
    from pydicom.errors import BytesLengthException, InvalidDicomError

    DAMAGE += (BytesLengthException, InvalidDicomError)


def is_dicom(path: Path) -> bool:
    """By content: the prefix after the preamble; or by name, for files without a preamble."""
    with path.open("rb") as stream:
        return stream.read(_MAGIC_AT + 4)[_MAGIC_AT:] == _MAGIC or path.suffix.lower() in {".dcm", ".dicom"}


def read_dicom(path: Path) -> Dataset:
    """The whole data set; pixels are not decoded yet.

    Raises:
        ImageError: it is no DICOM file, or a damaged one.
    """
    try:
        from pydicom import dcmread
        from pydicom.errors import InvalidDicomError
    except ImportError:
        raise ImageError(f"{path.name} is a DICOM file: install medrwr with the extra `dicom`") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of every value that bends the standard
            return dcmread(path)
    except InvalidDicomError:
        raise ImageError(f"{path.name} is no DICOM file: it has no 'DICM' prefix: leave it out, or repair it") from None
    except DAMAGE as error:
        raise ImageError(f"{path.name} is a damaged DICOM file ({error!r}): replace it, or leave it out") from None


def picture_of(dataset: Dataset, *, name: str) -> Image:
    """The middle frame as RGB, 8 bits a channel, as a viewer would first show it.

    Raises:
        ImageError: there are no pixels, too many, or none that can be decoded.
    """
    import PIL.Image

    if "PixelData" not in dataset:
        kind = getattr(getattr(dataset, "file_meta", None), "MediaStorageSOPClassUID", None)
        raise ImageError(f"{name} holds no image ({getattr(kind, 'name', 'no SOP class')}): leave it out")
    try:
        rows, columns = int(dataset.Rows), int(dataset.Columns)
        if rows * columns > _MOST_PIXELS or rows * columns == 0:
            raise ImageError(f"{name} has {columns}x{rows} pixels, expected 1 to {_MOST_PIXELS}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = _shown(dataset, _middle_frame(dataset))
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:300] or repr(error)
        raise ImageError(f"the pixels of {name} cannot be decoded ({reason}): convert or leave it out") from None
    return PIL.Image.fromarray(pixels).convert("RGB")


def _middle_frame(dataset: Dataset) -> NDArray[Any]:
    """One frame: [rows, columns], or [rows, columns, 3] in RGB."""
    from pydicom.pixels.utils import pixel_array

    frames = int(getattr(dataset, "NumberOfFrames", 1) or 1)
    frame: NDArray[Any] = pixel_array(dataset, index=max(0, (frames - 1) // 2))
    return frame


def _shown(dataset: Dataset, frame: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8, through the look-up tables, MONOCHROME1 turned over."""
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

    photometric = str(getattr(dataset, "PhotometricInterpretation", "MONOCHROME2"))
    if photometric == "PALETTE COLOR":
        frame = apply_color_lut(frame, dataset)
    if frame.ndim == 3:
        most = float(np.iinfo(frame.dtype).max) if frame.dtype.kind == "u" else float(max(frame.max(), 1))
        return np.clip(frame.astype(np.float64) * 255 / most, 0, 255).astype(np.uint8)
    grey = np.asarray(apply_voi_lut(apply_modality_lut(frame, dataset), dataset), np.float64)
    grey = np.nan_to_num(grey)
    scaled = (grey - grey.min()) / max(float(np.ptp(grey)), 1e-12)
    shown: NDArray[np.uint8] = (255 * (1 - scaled if photometric == "MONOCHROME1" else scaled)).astype(np.uint8)
    return shown
