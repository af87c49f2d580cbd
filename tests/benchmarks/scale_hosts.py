"""The scale benchmark, part `hosts`: GRPO under DeepSpeed ZeRO-2 over two hosts, whose link is cut.

The hosts are network namespaces with addresses of their own. The same steps as one process without DeepSpeed; then
once more with the link down for a while in the middle.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.rollout_runs import REPOSITORY, RUN, environment, finish, read, start
from tests.benchmarks.two_hosts import Host, possible, two_hosts

PORT = 29577


def hosts(root: Path, *, small: bool) -> dict[str, float]:
    if not possible():
        print("hosts: network namespaces need root: left out", file=sys.stderr)
        return {}
    steps = 6 if small else 20
    finish(start(*RUN, "--out", str(root / "one"), "--steps", str(steps)))
    with two_hosts() as pair:
        whole_s = whole(pair, root / "two", steps)
        pause_s = 3 if small else 20
        paused_s = paused(pair, root / "paused", steps, pause_s)
    return {
        "hosts_steps": len(read(root / "two")),
        "hosts_loss_difference": difference(root / "one", root / "two"),
        "hosts_s": whole_s,
        "hosts_link_down_s": pause_s,
        "hosts_paused_loss_difference": difference(root / "two", root / "paused"),
        "hosts_paused_s": paused_s,
    }


def whole(pair: tuple[Host, Host], out: Path, steps: int) -> float:
    begin = time.monotonic()
    for process in run(pair, out, steps):
        finish(process)
    return time.monotonic() - begin


def paused(pair: tuple[Host, Host], out: Path, steps: int, seconds: int) -> float:
    begin = time.monotonic()
    processes = run(pair, out, steps)
    wait_for_checkpoint(out, processes)
    pair[1].link("down")
    time.sleep(seconds)
    pair[1].link("up")
    for process in processes:
        finish(process)
    return time.monotonic() - begin


def run(pair: tuple[Host, Host], out: Path, steps: int) -> list[subprocess.Popen[bytes]]:
    """One process on each host, as the launcher `torchrun` starts them on two nodes."""
    processes = []
    for rank, host in enumerate(pair):
        launcher = ["-m", "torch.distributed.run", "--nnodes", "2", "--node_rank", str(rank), "--nproc_per_node", "1"]
        launcher += ["--master_addr", pair[0].address, "--master_port", str(PORT)]
        command = [sys.executable, *launcher, *RUN, "--out", str(out), "--steps", str(steps), "--deepspeed", "zero2"]
        processes.append(
            subprocess.Popen(
                host.command(*command),
                cwd=REPOSITORY,
                env=environment(GLOO_SOCKET_IFNAME=host.interface, TP_SOCKET_IFNAME=host.interface),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        )
    return processes


def wait_for_checkpoint(out: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    while not list(out.glob("work/inputs/checkpoint-*/trainer_state.json")):
        for process in processes:
            if process.poll() is not None:
                raise RuntimeError(process.communicate()[1].decode()[-3000:])
        time.sleep(0.05)


def difference(one: Path, other: Path) -> float:
    """Of the losses of all steps, relative."""
    first, second = (np.array([entry["loss"] for entry in read(folder)]) for folder in (one, other))
    return float(np.linalg.norm(first - second) / np.linalg.norm(first))
