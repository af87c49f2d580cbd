"""Run under torch's launcher: processes add their ranks up over gloo, and each writes what it got to a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import distributed

if __name__ == "__main__":
    distributed.init_process_group("gloo")
    total = torch.tensor(float(distributed.get_rank() + 1))
    distributed.all_reduce(total)
    said = f"rank {distributed.get_rank()} of {distributed.get_world_size()}: {int(total)}"
    (Path(sys.argv[1]) / str(distributed.get_rank())).write_text(said)
    distributed.destroy_process_group()
