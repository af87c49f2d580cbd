"""A text tower run by torch in bfloat16: the fast path of processors with bfloat16 instructions (AVX-512 BF16, AMX).

Weights, matrix products and activations are bfloat16; pooling and the length of the vector float32. Measured with
all-MiniLM-L6-v2: tests/benchmarks/retrieval.py, part `encoding`.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medrwr.errors import ArtefactError
from medrwr.retrieval.encoder import Matrix

WEIGHTS, CONFIG = "model.safetensors", "config.json"


class TorchTower:
    """Token ids [N, T] and mask -> pooled vectors [N, dim]."""

    def __init__(self, folder: Path, *, pooling: str) -> None:
        """Raises ArtefactError where the folder's weights are damaged."""
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel

        try:
            with _quiet():
                model: Any = AutoModel.from_pretrained(
                    folder, local_files_only=True, dtype=torch.bfloat16, attn_implementation="sdpa"
                )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise ArtefactError(f"{folder / WEIGHTS} is not usable ({error}): run `dvc repro encoders`") from None
        self._model, self._pooling = model.eval(), pooling

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.int64]) -> Matrix:
        """As an exported tower; without padding no mask is given, which is the faster kernel."""
        import torch

        padded = not mask.all()
        with torch.inference_mode():
            attention = torch.from_numpy(mask) if padded else None
            states = self._model(input_ids=torch.from_numpy(tokens), attention_mask=attention).last_hidden_state
            if self._pooling == "cls":
                pooled = states[:, 0].float()
            elif padded:
                weights = torch.from_numpy(mask).unsqueeze(-1)
                pooled = (states.float() * weights).sum(1) / weights.sum(1)
            else:
                pooled = states.float().mean(1)
        vectors: Matrix = pooled.numpy()
        return vectors


def save_for_torch(source: Path, folder: Path) -> tuple[str, ...]:
    """Write config and bfloat16 weights of the model in `source`; returns the names of the files."""
    import torch
    from transformers import AutoModel

    with _quiet():
        model = AutoModel.from_pretrained(source, local_files_only=True, dtype=torch.bfloat16, use_safetensors=True)
        model.save_pretrained(folder)
    return CONFIG, WEIGHTS


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 by itself; elsewhere it is emulated, and slower than float32."""
    import torch

    capability = torch.backends.cpu.get_cpu_capability() if torch.backends.mkldnn.is_available() else ""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").is_file() else ""
    return "AVX512" in capability and "avx512_bf16" in flags


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' progress bars and its list of weights that it did not use."""
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
