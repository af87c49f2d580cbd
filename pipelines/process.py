"""What the process of a stage sets before any heavy import: telemetry off, threads, seeds."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from medrwr.config import Params

TELEMETRY_OFF = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "DVC_NO_ANALYTICS": "true",
}
QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
    "LANCE_LOG": "error",
    "TQDM_DISABLE": "1",  # progress is reported by the stage itself, a line at a time
    "PYTHONWARNINGS": "ignore::FutureWarning",  # for child processes; this one starts with it, see __main__
}
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def set_environment(params: Params | None = None) -> None:
    """Set the variables that libraries read at import. What the user has set stays, but for telemetry."""
    os.environ.update(TELEMETRY_OFF)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if params is None:
        return
    if "HF_HUB_OFFLINE" not in os.environ and not needs_hub(params):
        os.environ["HF_HUB_OFFLINE"] = "1"
    if params.base.threads:
        for name in THREAD_VARIABLES:
            os.environ[name] = str(params.base.threads)


def needs_hub(params: Params) -> bool:
    """Whether a model has to come from a hub: the checkpoint is no folder, or the image encoder is a hub's."""
    return not Path(params.base_model.checkpoint).is_dir() or params.encoders.image_encoder.startswith("hf-hub:")


def seed_everything(params: Params, *, with_torch: bool) -> None:
    """Seed python, numpy and, where the stage uses it (or it is loaded already), torch; set torch's threads."""
    seed = params.base.seed
    random.seed(seed)
    import numpy as np

    np.random.seed(seed % 2**32)  # noqa: NPY002 - third parties draw from the global generator
    if not (with_torch or "torch" in sys.modules):
        return
    import torch

    torch.manual_seed(seed)
    if params.base.threads:
        torch.set_num_threads(params.base.threads)
