"""A cancelled run leaves no process behind, however stubborn."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dagster_project.process import run_group

from .conftest import running

FAMILY = """
import os, signal, subprocess, sys, time
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as DVC does
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}\\n")
time.sleep(60)
"""
CALLER = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with SIGINT ignored
from dagster_project.process import run_group
run_group([sys.executable, "-c", sys.argv[1], sys.argv[2], sys.argv[3]], cwd=Path("."), env={}, grace_s=1.0)
"""


def test_output_is_passed_on_and_the_tail_kept(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "print('one'); import sys; sys.stderr.write('Stage \\'x\\' didn\\'t change, skipping\\n')"

    outcome = run_group([sys.executable, "-u", "-c", script], cwd=tmp_path, env={}, echo=lines.append)

    assert (outcome.code, outcome.unchanged, outcome.busy) == (0, True, False)
    assert lines == ["one\n", "Stage 'x' didn't change, skipping\n"]
    assert outcome.tail == ("one", "Stage 'x' didn't change, skipping")


def test_busy_only_counts_when_the_command_failed(tmp_path: Path) -> None:
    script = "print('ERROR: Unable to acquire lock.'); raise SystemExit({code})"

    failed = run_group([sys.executable, "-c", script.format(code=255)], cwd=tmp_path, env={})
    passed = run_group([sys.executable, "-c", script.format(code=0)], cwd=tmp_path, env={})

    assert (failed.busy, passed.busy) == (True, False)


@pytest.mark.parametrize("manner", ["meek", "stubborn"])
def test_an_interrupt_ends_the_whole_group(tmp_path: Path, manner: str) -> None:
    pids = tmp_path / "pids"
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, FAMILY, str(pids), manner], cwd=Path(__file__).parents[2], stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 30
    while not (pids.exists() and pids.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.05)

    caller.send_signal(signal.SIGINT)
    caller.communicate(timeout=30)

    assert not [pid for pid in map(int, pids.read_text().split()) if running(pid)]
