"""Killed half-way, out of disk, a broken checkpoint: a clear error, and the next run ends as if nothing had been."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from medrwr.retrieval.manifest import INSIDE
from tests.chain.workspace import Workspace, digest_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture
def copy(chain: Workspace, tmp_path: Path) -> Workspace:
    return chain.copy(tmp_path / "workspace")


def kill_when(process: subprocess.Popen[str], ready: Callable[[], bool], timeout_s: float = 300) -> None:
    """`kill -9` the stage as soon as `ready`."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        assert process.poll() is None, "the stage ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.communicate()


def changed_params(copy: Workspace, old: str, new: str) -> None:
    file = copy.root / "params.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_killed_training_stage_ends_as_if_nothing_had_happened(chain: Workspace, copy: Workspace) -> None:
    """GRPO is killed after its first checkpoint; run again, the weights equal those of the uninterrupted run."""
    for folder in ("models/grpo_text", "work/grpo_text", "plots/grpo_text"):
        subprocess.run(["rm", "-rf", folder], cwd=copy.root, check=True)
    process = copy.start(sys.executable, "-m", "pipelines", "grpo_text")
    kill_when(process, lambda: any((copy.root / "work/grpo_text").rglob("checkpoint-1/trainer_state.json")))
    assert not (copy.root / "models/grpo_text").exists()

    done = copy.stage("grpo_text")

    assert done.returncode == 0, done.stderr
    for folder in ("models/grpo_text", "plots/grpo_text"):
        assert digest_of(copy.root / folder) == digest_of(chain.root / folder), folder
    assert (copy.root / "metrics/grpo_text.json").read_bytes() == (chain.root / "metrics/grpo_text.json").read_bytes()


@pytest.mark.parametrize("stage", ["clinic", "index"])
def test_a_killed_data_stage_ends_as_if_nothing_had_happened(chain: Workspace, copy: Workspace, stage: str) -> None:
    out = {"clinic": "data/clinic", "index": "data/index"}[stage]
    result = {"clinic": "data/clinic", "index": "data/index_manifest.json"}[stage]
    subprocess.run(["rm", "-rf", out], cwd=copy.root, check=True)
    process = copy.start(sys.executable, "-m", "pipelines", stage)
    kill_when(process, lambda: any(path.is_file() for path in (copy.root / out).rglob("*")))

    copy.dvc("repro", "--single-item", stage)

    if stage == "clinic":
        assert digest_of(copy.root / result) == digest_of(chain.root / result)
    else:
        assert (copy.root / result).read_bytes() == (chain.root / result).read_bytes()
    assert not list((copy.root / "data").rglob("*.tmp"))


def test_no_disk_left_is_one_clear_line(chain: Workspace, copy: Workspace) -> None:
    """On a file system of 64 KiB; with space again, the same command makes what the first run made."""
    out = copy.root / "data/knowledge_base/clinic"
    subprocess.run(["rm", "-rf", str(out)], check=True)
    out.mkdir()
    script = (
        f"mount -t tmpfs -o size=64k tmpfs {out} && exec {sys.executable} -m pipelines knowledge_base --source clinic"
    )
    private = ["unshare", "--user", "--map-root-user", "--mount"]
    if copy.attempt(*private, "sh", "-c", f"mount -t tmpfs tmpfs {out}").returncode:
        pytest.skip("this machine lets nobody mount a small file system")

    done = copy.attempt(*private, "sh", "-c", script)

    assert done.returncode == 1
    assert "no disk space is left" in done.stderr
    assert "Traceback" not in done.stderr
    again = copy.stage("knowledge_base", "--source", "clinic")
    assert again.returncode == 0, again.stderr
    assert digest_of(out) == digest_of(chain.root / "data/knowledge_base/clinic")


def test_a_checkpoint_without_its_processor_is_named(copy: Workspace) -> None:
    removed = [path for path in (copy.root / "models/base").iterdir() if "processor" in path.name]
    assert removed
    for path in removed:
        path.unlink()

    done = copy.stage("sft")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "processor" in done.stderr.splitlines()[-1]


def test_an_index_of_another_encoder_is_refused(copy: Workspace) -> None:
    for manifest in (copy.root / "data/index_manifest.json", copy.root / "data/index" / INSIDE):
        content = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(replace_names(content, "all-MiniLM-L6-v2", "bge-m3")))

    done = copy.stage("sft")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "bge-m3" in done.stderr.splitlines()[-1]


def test_a_mistyped_parameter_is_refused_before_any_work(copy: Workspace) -> None:
    changed_params(copy, "num_generations: 2", "num_generation: 2")

    done = copy.stage("clinic")

    assert done.returncode == 1
    assert "did you mean 'num_generations'?" in done.stderr


def replace_names(value: object, old: str, new: str) -> object:
    if isinstance(value, dict):
        return {key: replace_names(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [replace_names(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value
