"""An open_clip model -> both towers in ONNX, with the tokenizer and the preprocessing that go with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from medrwr.errors import ArtefactError
from medrwr.retrieval.encoder import EncoderCard, write_card
from medrwr.retrieval.image_encoder import IMAGE_TOWER, TEXT_TOWER, TOKENIZER
from medrwr.retrieval.images import Preprocess
from medrwr.retrieval.onnx_runtime import export_onnx

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer


def export_image_encoder(
    model: Any, tokenizer: Tokenizer, preprocess: Preprocess, folder: Path, *, name: str
) -> tuple[EncoderCard, float]:
    """Export to `folder`; returns the card and the larger of the two towers' differences from the model.

    `tokenizer` pads and truncates to the model's context length by itself.
    """
    import torch

    image_tower, text_tower = _towers(model)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / TOKENIZER))
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randn((2, 3, preprocess.size, preprocess.size), generator=generator)
    tokens = torch.tensor([encoding.ids for encoding in tokenizer.encode_batch(["a granular ring", "solid"])])
    differences = [
        export_onnx(image_tower, {"pixels": pixels}, folder / IMAGE_TOWER, dynamic={"pixels": ["batch"]}),
        export_onnx(text_tower, {"tokens": tokens}, folder / TEXT_TOWER, dynamic={"tokens": ["batch"]}),
    ]
    with torch.no_grad():
        dim = int(text_tower(tokens).shape[1])
    settings = {"kind": "image-text", "preprocess": preprocess.settings(), "context": int(tokens.shape[1])}
    files = (IMAGE_TOWER, TEXT_TOWER, TOKENIZER)
    return write_card(folder, name=name, dim=dim, files=files, settings=settings), max(differences)


def load_open_clip(name: str) -> tuple[Any, Tokenizer, Preprocess]:
    """An open_clip checkpoint: a folder with open_clip_config.json, or a name such as 'hf-hub:microsoft/BiomedCLIP-..'.

    Raises:
        ArtefactError: unknown name, missing files, or a tokenizer that is no `tokenizers` one.
    """
    import open_clip

    identity = _identity(name)
    try:
        model, _, _ = open_clip.create_model_and_transforms(identity)
        wrapped = open_clip.get_tokenizer(identity)
    except (RuntimeError, ValueError, OSError) as error:
        raise ArtefactError(f"encoders.image_encoder = {name!r} cannot be opened by open_clip: {error}") from error
    values = open_clip.get_model_preprocess_cfg(model)
    size = values["size"]
    preprocess = Preprocess(
        size=int(size[0] if isinstance(size, (tuple, list)) else size),
        mean=tuple(values["mean"]),
        std=tuple(values["std"]),
        resize_mode=values["resize_mode"],
        interpolation=values["interpolation"],
    )
    return model.eval(), _fast_tokenizer(wrapped, name), preprocess


def _identity(name: str) -> str:
    """open_clip's name for it. Without weights open_clip would quietly start from random ones."""
    if name.startswith("hf-hub:"):
        return name
    folder = Path(name)
    if not (folder / "open_clip_config.json").is_file():
        raise ArtefactError(
            f"encoders.image_encoder = {name!r}: expected 'clinic', 'hf-hub:<owner>/<model>', or a folder with "
            "open_clip_config.json"
        )
    if not any(folder.glob("open_clip*.safetensors")) and not any(folder.glob("open_clip*.bin")):
        raise ArtefactError(f"encoders.image_encoder = {name!r} has no weights (open_clip_model.safetensors)")
    return f"local-dir:{folder}"


def _fast_tokenizer(wrapped: Any, name: str) -> Tokenizer:
    """open_clip's wrapper around a Hugging Face tokenizer -> that tokenizer, padding to the context length."""
    from tokenizers import Tokenizer

    inner = getattr(getattr(wrapped, "tokenizer", None), "backend_tokenizer", None)
    if inner is None:
        raise ArtefactError(
            f"encoders.image_encoder = {name!r} has a {type(wrapped).__name__}: expected a checkpoint whose text_cfg "
            "names a Hugging Face tokenizer (hf_tokenizer_name), as BiomedCLIP's does"
        )
    tokenizer: Tokenizer = Tokenizer.from_str(inner.to_str())
    length, pad = int(wrapped.context_length), wrapped.tokenizer.pad_token_id or 0
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_id=pad, pad_token=wrapped.tokenizer.pad_token or "[PAD]")
    return tokenizer


def _towers(model: Any) -> tuple[torch.nn.Module, torch.nn.Module]:
    import torch

    class ImageTower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.clip = model

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self.clip.encode_image(pixels, normalize=True)
            return features

    class TextTower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.clip = model

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self.clip.encode_text(tokens, normalize=True)
            return features

    return ImageTower().eval(), TextTower().eval()
