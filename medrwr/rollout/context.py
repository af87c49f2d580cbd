"""What the model is given: token ids with room for image features, and the images that belong there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrwr.errors import ImageError, QuestionError

if TYPE_CHECKING:
    from PIL.Image import Image

    from medrwr.policy.loading import Policy


@dataclass(frozen=True, slots=True, eq=False)
class ImageInput:
    """One image as the vision tower takes it.

    Attributes:
        pixel_values: [patches, width of a patch].
        grid: how many patches in time, height and width.
        merge: side of the square of patches that becomes one token.
    """

    pixel_values: Any
    grid: tuple[int, int, int]
    merge: int

    @property
    def tokens(self) -> int:
        """How many places it takes in the context."""
        time, height, width = self.grid
        return time * height * width // self.merge**2


@dataclass(frozen=True, slots=True)
class Context:
    """Token ids in which each image stands as a run of image tokens, and the images in the order of those runs."""

    ids: tuple[int, ...]
    images: tuple[ImageInput, ...] = ()

    def extended(self, ids: Sequence[int], images: Sequence[ImageInput] = ()) -> Context:
        """This context continued."""
        return Context(self.ids + tuple(ids), self.images + tuple(images))


def open_image(path: Path) -> Image:
    """Decode an image as RGB.

    Raises:
        ImageError: it is missing, truncated, or no image.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise ImageError(f"image {path} cannot be decoded ({error}): replace it, or drop its question") from error


def prepare_images(policy: Policy, images: Sequence[Image]) -> list[ImageInput]:
    """Run the image processor once over all images."""
    if not images:
        return []
    processor = policy.processor.image_processor
    features = processor(images=list(images), return_tensors="pt")
    grids = [(int(time), int(height), int(width)) for time, height, width in features["image_grid_thw"]]
    parts = features["pixel_values"].split([time * height * width for time, height, width in grids])
    merge = int(processor.merge_size)
    return [ImageInput(part, grid, merge) for part, grid in zip(parts, grids, strict=True)]


def load_images(policy: Policy, paths: Sequence[Path]) -> Mapping[Path, ImageInput]:
    """Decode and prepare each distinct path once.

    Raises:
        ImageError: one of them cannot be decoded.
    """
    distinct = list(dict.fromkeys(paths))
    return dict(zip(distinct, prepare_images(policy, [open_image(path) for path in distinct]), strict=True))


def image_token(policy: Policy) -> int:
    """The id that stands for one image feature."""
    return int(policy.model.config.image_token_id)


def picture_ids(policy: Policy, tokens: int = 1) -> list[int]:
    """How an image of so many tokens stands in a context: as one placeholder by default."""
    config = policy.model.config
    return [config.vision_start_token_id, *[image_token(policy)] * tokens, config.vision_end_token_id]


def place_images(policy: Policy, ids: Sequence[int], images: Sequence[ImageInput], *, what: str) -> Context:
    """A context from ids with one placeholder an image, each widened to the image's tokens.

    Raises:
        QuestionError: not as many placeholders as images (`what` names the owner in the message).
    """
    pad = image_token(policy)
    found = sum(token == pad for token in ids)
    if found != len(images):
        raise QuestionError(
            f"{what} has {found} image placeholders for {len(images)} images: correct its text or images"
        )
    remaining = iter(images)
    widened: list[int] = []
    for token in ids:
        widened.extend([pad] * next(remaining).tokens if token == pad else [token])
    return Context(tuple(widened), tuple(images))


def check_images(policy: Policy, context: Context, *, what: str) -> Context:
    """The context itself, after a check that its image tokens are as many as its images need.

    Raises:
        QuestionError: they are not.
    """
    pad = image_token(policy)
    found, needed = sum(token == pad for token in context.ids), sum(image.tokens for image in context.images)
    if found != needed:
        raise QuestionError(
            f"{what} has {found} image tokens where its images need {needed}: tokenise its prompt again"
        )
    return context
