"""The scale benchmark, part `hosts`: GRPO under DeepSpeed ZeRO-2 over two hosts, whose link is cut.

The hosts are network namespaces with addresses of their own. The same steps as one process without DeepSpeed; once
more with the link down for a while in the middle; and with the link cut for good: both hosts must end by themselves,
with an error that names `collective_timeout_s`; the same command, the link mended, must go on to the same losses.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from pipelines.launch_plan import LaunchPlan
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
        cut = cut_off(pair, root / "cut", steps, patience_s=20 if small else 30)
    return {
        "hosts_steps": len(read(root / "two")),
        "hosts_loss_difference": difference(root / "one", root / "two"),
        "hosts_s": whole_s,
        "hosts_link_down_s": pause_s,
        "hosts_paused_loss_difference": difference(root / "two", root / "paused"),
        "hosts_paused_s": paused_s,
        **cut,
        "hosts_cut_loss_difference": difference(root / "two", root / "cut"),
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


def cut_off(pair: tuple[Host, Host], out: Path, steps: int, *, patience_s: int) -> dict[str, float]:
    """The link goes down behind the first checkpoint and comes back when both have ended; then the same command."""
    processes = run(pair, out, steps, timeout_s=patience_s)
    wait_for_checkpoint(out, processes)
    pair[1].link("down")
    begin = time.monotonic()
    try:
        errors = [process.communicate(timeout=patience_s + 300)[1].decode() for process in processes]
        ended_s = time.monotonic() - begin
    finally:
        pair[1].link("up")
        stop(processes)
    for process in run(pair, out, steps, timeout_s=patience_s):
        finish(process)
    return {
        "hosts_cut_patience_s": patience_s,
        "hosts_cut_ended_s": ended_s,
        "hosts_cut_beyond_patience_s": ended_s - patience_s,
        "hosts_cut_failed": float(all(process.returncode for process in processes)),
        "hosts_cut_says_why": float(all("collective_timeout_s" in error for error in errors)),
    }


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End the launchers that are still there; their trainers end with them."""
    for process in processes:
        if process.poll() is None:
            process.terminate()


def run(pair: tuple[Host, Host], out: Path, steps: int, *, timeout_s: int = 1800) -> list[subprocess.Popen[bytes]]:
    """One process on each host, by the command of a stage with two nodes."""
    plan = LaunchPlan("torchrun", "grpo_text", 1, nodes=2, rendezvous=f"{pair[0].address}:{PORT}")
    processes = []
    for number, host in enumerate(pair):
        stage = [RUN[1], "--out", str(out), "--steps", str(steps), "--deepspeed", "zero2", "--timeout", str(timeout_s)]
        command = plan.on_node(module=stage)
        # A namespace has an address of its own and no name that leads there.
        command[3:3] = ["--local_addr", host.address, "--rdzv_conf", f"is_host={str(number == 0).lower()}"]
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
