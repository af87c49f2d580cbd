"""Runs in processes of their own: DeepSpeed on two processes beside one, and a run that is killed and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

RUN = ("-m", "tests.benchmarks.grpo_run")
REPOSITORY = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "OMP_NUM_THREADS": "1",
        "DS_ACCELERATOR": "cpu",
        **more,
    }


def start(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=1800)
    if process.returncode:
        raise RuntimeError(errors.decode()[-4000:])


def processes(root: Path, *, small: bool) -> dict[str, float]:
    """ZeRO-2 on two processes (gloo) beside a single process without DeepSpeed, the same 20 steps."""
    steps = ("--steps", "3" if small else "20")
    begin = time.perf_counter()
    finish(start(*RUN, "--out", str(root / "one"), *steps))
    single = time.perf_counter() - begin
    begin = time.perf_counter()
    finish(
        start(
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc_per_node",
            "2",
            *RUN,
            "--out",
            str(root / "two"),
            "--deepspeed",
            "zero2",
            *steps,
        )
    )
    double = time.perf_counter() - begin
    one, two = (np.array([entry["loss"] for entry in read(root / name)]) for name in ("one", "two"))
    rewards = [[entry["reward"] for entry in read(root / name)] for name in ("one", "two")]
    return {
        "zero2_is_deepspeed": float("deepspeed" in (root / "two/engine.txt").read_text().lower()),
        "zero2_steps": len(two),
        "zero2_loss_difference": float(np.linalg.norm(one - two) / np.linalg.norm(one)),
        "zero2_reward_difference": float(np.abs(np.subtract(*rewards)).max()),
        "single_process_s": single,
        "two_processes_s": double,
    }


def resume(root: Path, *, small: bool) -> dict[str, float]:
    """`kill -9` behind the first checkpoint; run again, its weights equal an uninterrupted run's, bit by bit."""
    from safetensors.numpy import load_file

    steps = ("--steps", "4" if small else "8")
    finish(start(*RUN, "--out", str(root / "whole"), *steps))
    process = start(*RUN, "--out", str(root / "killed"), *steps)
    state = root.joinpath("killed", "work", "inputs", "checkpoint-2", "trainer_state.json")
    while not state.exists():
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    finish(start(*RUN, "--out", str(root / "killed"), *steps))
    whole, killed = (load_file(root / name / "weights.safetensors") for name in ("whole", "killed"))
    equal = [np.array_equal(whole[name], killed[name]) for name in whole]
    curves = [[entry["loss"] for entry in read(root / name)] for name in ("whole", "killed")]
    return {"resumed_equal": float(all(equal)), "resumed_same_curve": float(curves[0] == curves[1])}


def read(out: Path) -> list[dict[str, float]]:
    log: list[dict[str, float]] = json.loads((out / "log.json").read_text())
    return log
