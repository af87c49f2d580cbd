"""Processes that lose each other wait no longer than they were told, and say what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
import torch
from torch import distributed
from torch.distributed import distributed_c10d

from medrwr.errors import EngineError
from medrwr.training.trainer_arguments import RunOptions
from medrwr.training.waiting import bound_waits, waiting_explained

TWO = RunOptions("cpu", "float32", 0, processes=2, timeout_s=7)
LOST = "[gloo/transport/tcp/unbound_buffer.cc:78] Timed out waiting 7000ms for recv operation to complete\nmore"


def test_groups_that_others_make_wait_as_long_as_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """DeepSpeed calls `new_group` without a timeout."""
    for name in ("default_pg_timeout", "default_pg_nccl_timeout"):
        monkeypatch.setattr(distributed_c10d, name, timedelta(minutes=30))
    bound_waits(TWO)
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        group = distributed.new_group([0])
        backend = group._get_backend(torch.device("cpu"))
        assert backend.options._timeout == timedelta(seconds=7)
    finally:
        distributed.destroy_process_group()


def test_a_lost_process_is_explained() -> None:
    with (
        pytest.raises(EngineError, match=r"collective_timeout_s = 7 s \(.*7000ms.*complete\): .*run the stage again"),
        waiting_explained(TWO),
    ):
        raise RuntimeError(LOST)


@pytest.mark.parametrize(
    ("options", "text"), [(TWO, "mat1 and mat2 cannot be multiplied"), (RunOptions("cpu", "float32", 0), LOST)]
)
def test_other_errors_stay_as_they_are(options: RunOptions, text: str) -> None:
    with pytest.raises(RuntimeError, match=text[:20].replace("[", r"\[")), waiting_explained(options):
        raise RuntimeError(text)
