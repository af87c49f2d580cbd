"""How long processes that train together wait for each other, and what is said when they waited in vain.

A group that is made without a timeout waits half an hour (gloo) or ten minutes (NCCL), whatever the first group's
timeout was: DeepSpeed makes its own so. Seen with torch 2.15.0 and deepspeed 0.19.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from medrwr.errors import EngineError
from medrwr.training.trainer_arguments import RunOptions

_SIGNS = ("gloo", "NCCL", "Timed out waiting", "Connection closed by peer", "Connection reset by peer")


def bound_waits(options: RunOptions) -> None:
    """Make `timeout_s` the default of every process group that this process makes from now on."""
    if options.processes == 1:
        return
    from torch.distributed import distributed_c10d

    defaults: Any = distributed_c10d  # no parameter reaches the groups that DeepSpeed makes
    defaults.default_pg_timeout = defaults.default_pg_nccl_timeout = timedelta(seconds=options.timeout_s)


@contextmanager
def waiting_explained(options: RunOptions) -> Iterator[None]:
    """Turn a lost connection of torch's process groups into an error that names the remedy.

    Raises:
        EngineError: another process did not answer in time, or closed its connection.
    """
    try:
        yield
    except RuntimeError as error:
        if options.processes == 1 or not any(sign in str(error) for sign in _SIGNS):
            raise
        raise EngineError(
            f"one of {options.processes} training processes was lost, or gave no answer for collective_timeout_s = "
            f"{options.timeout_s} s ({_first_line(error)}): look at the network and at the other processes' messages, "
            "then run the stage again: it goes on from its last checkpoint. A longer `collective_timeout_s` sits out "
            "longer cuts"
        ) from error


def _first_line(error: RuntimeError) -> str:
    return str(error).strip().partition("\n")[0][:200]
