"""Every stage of the graph under the paper's parameters, on a laptop: only sizes and places are overridden.

    python -m tests.benchmarks.paper_dry_run --check          (make paper-dry-run)

A copy of the repository gets params/paper.yaml as its params.yaml, with the sizes below, small stand-ins in the native
formats of MedQA-USMLE, MedMCQA, PubMedVision and ECED (`paper_data`), and checkpoints of the real architectures with
random weights (`paper_checkpoints`). `dvc repro` runs the index once with MedCPT, then everything with BGE-M3 through
to a registered model: bf16, DeepSpeed ZeRO-2 (one process), gradient checkpointing and accumulation, KL to a reference,
no SFT, dense retrieval, re-retrieval at .8. It shows that everything fits together; its figures mean nothing, which is
why the two gates that judge figures are open. --check fails when a stage does, when no episode retrieved, or after ten
minutes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.paper_checkpoints import make_image_encoder, make_medcpt, make_policy, make_text_encoder
from tests.benchmarks.paper_data import datasets, sources, write_standins
from tests.chain.workspace import AUTHOR, TINY, Workspace, copy_repository, set_parameters

LIMIT_S = 600
HUB = "models/hub"
GRPO = {"steps": 2, "num_generations": 4, "prompts_per_step": 2, "save_steps": 1}
SIZES: dict[str, dict[str, Any]] = {
    **TINY,
    "clinic": {**TINY["clinic"], "image_size": 112},
    "datasets": datasets(),
    "knowledge_base": {"sources": sources()},
    "base_model": {"checkpoint": f"{HUB}/qwen2.5-vl"},
    "encoders": {"text_encoder": f"{HUB}/bge-m3", "image_encoder": f"{HUB}/biomedclip", "text_max_tokens": 64},
    "index": {"minimum_known_items": 0.0},  # random weights find nothing: the gate would stop here, as it should
    "rollout": {"max_turn_tokens": 48, "max_completion_tokens": 2560, "batch_size": 32},
    "sft": {},
    "grpo_text": GRPO,
    "grpo_multimodal": GRPO,
}
CHECKPOINTS = {
    "qwen2.5-vl": make_policy,
    "bge-m3": make_text_encoder,
    "medcpt": make_medcpt,
    "biomedclip": make_image_encoder,
}


def prepare(root: Path) -> Workspace:
    """A workspace with the paper's parameters, the stand-ins and the checkpoints that they name."""
    copy_repository(root)
    shutil.copyfile(root / "params/paper.yaml", root / "params.yaml")
    set_parameters(root / "params.yaml", SIZES)
    write_standins(root)
    for name, make in CHECKPOINTS.items():
        (root / HUB / name).mkdir(parents=True)
        make(root / HUB / name)
    space = Workspace(root)
    space.run("git", "init", "-q")
    space.run("git", "add", "--all")
    space.run("git", *AUTHOR, "commit", "-q", "-m", "the paper's parameters")
    return space


def repro(space: Workspace, *targets: str) -> bool:
    """Whether all stages ran; what DVC said when not goes to standard error."""
    done = space.attempt(sys.executable, "-m", "dvc", "repro", *targets, DS_ACCELERATOR="cpu")
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
    return done.returncode == 0


def with_medcpt(space: Workspace) -> bool:
    """The passage index with MedCPT's two towers (M8: PubMedKB); the parameters are BGE-M3's again afterwards."""
    file = space.root / "params.yaml"
    set_parameters(file, {"encoders": {"text_encoder": f"{HUB}/medcpt"}})
    ran = repro(space, "index")
    set_parameters(file, {"encoders": {"text_encoder": SIZES["encoders"]["text_encoder"]}})
    return ran


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a stage fails or the limit is missed")
    parser.add_argument("--keep", type=Path, help="build it here, and leave it")
    options = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.keep or Path(scratch) / "workspace"
        space = prepare(root)
        prepared = time.perf_counter() - begin
        ran = with_medcpt(space) and repro(space)
        seconds = time.perf_counter() - begin
        figures = {"prepared_s": round(prepared, 1), **report(root)}
    met = ran and figures["registered_version"] == 1 and figures["query_rate"] > 0 and seconds <= LIMIT_S
    print(json.dumps({"benchmark": "paper_dry_run", "met": met, "seconds": round(seconds, 1), **figures}))
    return 0 if met or not options.check else 1


def report(root: Path) -> dict[str, Any]:
    """Each stage's headline on the terminal; seconds by stage, how often was asked, the version that was registered."""
    seconds: dict[str, float] = {}
    for file in sorted((root / "work/timings").glob("*.json"), key=lambda path: path.stat().st_mtime):
        timing = json.loads(file.read_text())
        seconds[file.stem] = timing["seconds"]
        print(f"{file.stem:<24}{timing['seconds']:>8.1f} s  {timing['headline']}", flush=True)
    version, rate = read(root, "register", "version"), read(root, "grpo_multimodal", "query_rate")
    return {"registered_version": version, "query_rate": rate or 0.0, "stages": seconds}


def read(root: Path, stage: str, name: str) -> float | None:
    file = root / f"metrics/{stage}.json"
    return float(json.loads(file.read_text())[name]) if file.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
