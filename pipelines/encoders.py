"""Stage `encoders`: the text encoder and the image-text encoder, exported to ONNX (M8, M18)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from medrwr.records import read_records, write_text_atomic
from medrwr.retrieval.image_export import export_image_encoder, load_open_clip
from medrwr.retrieval.image_training import TrainedImageEncoder, train_image_encoder
from medrwr.retrieval.images import open_cases
from medrwr.retrieval.publish import fresh_folder
from medrwr.retrieval.text_export import export_text_encoder, text_encoder_source
from medrwr.types import ImageCase
from pipelines.stage import StageContext, StageResult

STAGE = "encoders"
OWN = "clinic"  # encoders.image_encoder: train a small one on the clinic's image-caption pairs


def run(context: StageContext) -> StageResult:
    """Write models/encoders/text and models/encoders/image, both at once when both are ready."""
    settings = context.params.encoders
    source = text_encoder_source(settings.text_encoder)
    with fresh_folder(context.paths.encoders) as folder:
        context.sink.progress(0, 2, "text encoder")
        card, difference = export_text_encoder(
            source,
            folder / "text",
            name=settings.text_encoder,
            max_tokens=settings.text_max_tokens,
            precision=settings.text_precision,
        )
        context.sink.progress(1, 2, "image encoder")
        image_metrics = _image_encoder(context, folder / "image")
    metrics = {"text_dim": card.dim, "text_onnx_difference": difference, **image_metrics}
    found = f", image finds caption {metrics['image_top1']:.2f}" if "image_top1" in metrics else ""
    return StageResult(metrics, f"{card.name} and {settings.image_encoder}{found}", (context.paths.encoders,))


def _image_encoder(context: StageContext, folder: Path) -> dict[str, float]:
    settings = context.params.encoders
    if settings.image_encoder != OWN:
        model, tokenizer, preprocess = load_open_clip(settings.image_encoder)
        card, difference = export_image_encoder(model, tokenizer, preprocess, folder, name=settings.image_encoder)
        return {"image_dim": card.dim, "image_onnx_difference": difference}
    pairs, broken_lines = read_records(context.paths.clinic / "encoder_pairs.jsonl", ImageCase)
    kept, images, broken_images = open_cases(pairs, context.paths.clinic)
    trained = train_image_encoder(images, kept, settings, seed=context.params.base.seed, sink=context.sink)
    card, difference = export_image_encoder(
        trained.model, trained.tokenizer, trained.preprocess, folder, name=f"{OWN}-clip"
    )
    _write_curves(context.paths.plots(STAGE), trained)
    last = {f"image_{name}": value for name, value in trained.curve[-1].items() if name != "step"}
    counts = {"image_pairs": len(kept), "image_quarantined": len(broken_lines) + len(broken_images)}
    return {"image_dim": card.dim, "image_onnx_difference": difference, **counts, **last}


def _write_curves(folder: Path, trained: TrainedImageEncoder) -> None:
    losses = [{"step": step, "loss": round(loss, 5)} for step, loss in enumerate(trained.losses, start=1)]
    _write_csv(folder / "image_loss.csv", ["step", "loss"], losses)
    _write_csv(folder / "image_similarity.csv", list(trained.curve[0]), trained.curve)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text_atomic(path, text.getvalue())
