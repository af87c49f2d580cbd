"""What an image-text encoder can tell apart, on pairs that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

_AGAINST = 64


class Probe:
    """Held-back pairs: images [N, 3, H, W] ready for the model, tokens [N, T], and the captions themselves."""

    def __init__(self, images: torch.Tensor, tokens: torch.Tensor, captions: Sequence[str]) -> None:
        self._images, self._tokens = images, tokens
        self._shared = shared_words(captions)

    def measure(self, model: Any) -> dict[str, float]:
        """Cosines and accuracy, as `figures` names them."""
        import torch

        model.eval()
        with torch.no_grad():
            image = model.encode_image(self._images, normalize=True).float().numpy()
            text = model.encode_text(self._tokens, normalize=True).float().numpy()
        model.train()
        return figures(image, text, self._shared)


def shared_words(captions: Sequence[str]) -> NDArray[np.float64]:
    """[N, N]: the share of the words of caption i that caption j has too; 1 on the diagonal."""
    words = [set(caption.lower().split()) for caption in captions]
    return np.array([[len(one & two) / max(1, len(one)) for two in words] for one in words])


def figures(images: NDArray[Any], texts: NDArray[Any], shared: NDArray[np.float64]) -> dict[str, float]:
    """From unit vectors of pairs [N, D]: `top1` (image finds its caption among at most 64 with other words),
    `true` (mean cosine of pairs), `near` (of captions with at least half but not all words in common), `far` (of the
    others). `near` and `far` are 0 when there are none.
    """
    cosine = images @ texts.T
    same = shared >= 1.0
    near, far = (shared >= 0.5) & ~same, shared < 0.5
    hits = []
    for start in range(0, len(images), _AGAINST):
        block = slice(start, start + _AGAINST)
        best = cosine[block, block].argmax(1)
        hits.extend(same[block, block][np.arange(len(best)), best])
    return {
        "top1": float(np.mean(hits)),
        "true": float(np.diag(cosine).mean()),
        "near": float(cosine[near].mean()) if near.any() else 0.0,
        "far": float(cosine[far].mean()) if far.any() else 0.0,
    }
