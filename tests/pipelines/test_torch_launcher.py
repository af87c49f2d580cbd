"""The launcher ends when its processes have, stuck or not."""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks.rollout_runs import REPOSITORY

STUCK = """
import subprocess, threading, time
from pipelines.torch_launcher import watch
child = subprocess.Popen(["sleep", "{lives}"])
threading.Thread(target=watch, args=(1,), daemon=True).start()
time.sleep({stays})
"""


def stuck(*, lives: float, stays: float) -> subprocess.CompletedProcess[str]:
    """A launcher that never looks at its only process."""
    command = [sys.executable, "-c", STUCK.format(lives=lives, stays=stays)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_a_launcher_that_does_not_see_its_processes_end_is_ended() -> None:
    done = stuck(lives=0, stays=60)
    assert done.returncode == 1
    assert "torch's launcher took no notice for 1 s" in done.stderr


def test_it_is_left_alone_while_they_run() -> None:
    assert stuck(lives=4, stays=3.5).returncode == 0
