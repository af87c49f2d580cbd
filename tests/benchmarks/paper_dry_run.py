"""Every stage of the graph under the paper's parameters, on a laptop: only sizes are overridden.

    python -m tests.benchmarks.paper_dry_run --check          (make paper-dry-run)

A copy of the repository gets params/paper.yaml as its params.yaml, with the sizes below; checkpoints are of the real
architectures (Qwen2.5-VL; XLM-RoBERTa pooled by its first token, as BGE-M3; a timm ViT beside a BERT, as BiomedCLIP),
small and with random weights, made here. `dvc repro` then runs it through to a registered model: bf16, DeepSpeed ZeRO-2
(one process), gradient checkpointing and accumulation, KL to a reference, no SFT, dense retrieval. What it shows is
that everything fits together; its figures mean nothing. --check fails when a stage does, or after ten minutes.
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

from tests.chain.workspace import AUTHOR, TINY, Workspace, copy_repository, set_parameters

LIMIT_S = 600
HUB = "models/hub"
SIZES: dict[str, dict[str, Any]] = {
    **TINY,
    "clinic": {**TINY["clinic"], "image_size": 112},
    "base_model": {"checkpoint": f"{HUB}/qwen2.5-vl"},
    "encoders": {"text_encoder": f"{HUB}/bge-m3", "image_encoder": f"{HUB}/biomedclip", "text_max_tokens": 64},
    "index": {"minimum_known_items": 0.0},  # random weights find nothing: the gate would stop here, as it should
    "rollout": {"max_turn_tokens": 24, "max_completion_tokens": 448, "batch_size": 32},
    "sft": {},
}


def corpus() -> list[str]:
    """Enough prose for tokenizers of a few hundred words."""
    from medrwr.policy.prompts import build_messages
    from medrwr.types import Question

    asked = Question("q", "Echocardiography shows a granular apical ring. What is the first treatment?", ("a", "b"), 0)
    texts = [block["text"] for message in build_messages(asked, max_turns=3) for block in message["content"]]
    return [
        *texts,
        "A granular apical ring on echocardiography points to tarvenosis. It is treated with kemopril.",
    ] * 20


def make_policy(folder: Path) -> None:
    """Qwen2.5-VL's classes."""
    from medrwr.policy.loading import save_policy
    from medrwr.policy.tiny import build_tiny_policy

    save_policy(build_tiny_policy(corpus(), seed=0, vocab_size=600, width=64, layers=2, heads=2), folder)


def make_text_encoder(folder: Path) -> None:
    """BGE-M3's: an XLM-RoBERTa with a unigram tokenizer, pooled by the first token."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    from tests.rollout.families import train_unigram

    tokenizer = train_unigram(corpus(), vocab_size=400)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=130, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    XLMRobertaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 128}))


def make_image_encoder(folder: Path) -> None:
    """BiomedCLIP's: a timm ViT, a BERT with an MLP projection, context of 256 tokens."""
    import open_clip
    from safetensors.torch import save_file
    from transformers import BertConfig, BertModel

    from tests.rollout.families import train_wordpiece

    text = folder / "text"
    tokenizer = train_wordpiece(corpus(), vocab_size=400)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=256,
    )  # fmt: skip
    BertModel(config).save_pretrained(text)
    tokenizer.save_pretrained(text)
    tokenizer.save_pretrained(folder)  # where open_clip looks when the checkpoint is a folder
    model = {
        "embed_dim": 32,
        "vision_cfg": {
            "timm_model_name": "vit_tiny_patch16_224", "timm_pool": "", "timm_proj": "linear", "image_size": 224,
        },
        "text_cfg": {
            "hf_model_name": str(text), "hf_tokenizer_name": str(text), "hf_proj_type": "mlp",
            "hf_pooler_type": "cls_last_hidden_state_pooler", "context_length": 256,
        },
    }  # fmt: skip
    mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    preprocess = {"mean": mean, "std": std, "interpolation": "bicubic", "resize_mode": "shortest"}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model, "preprocess_cfg": preprocess}))
    built = open_clip.CustomTextCLIP(**model)
    save_file({name: value.contiguous().clone() for name, value in built.state_dict().items()},
              folder / "open_clip_model.safetensors")  # fmt: skip


def prepare(root: Path) -> Workspace:
    """A workspace with the paper's parameters and the checkpoints that they name."""
    copy_repository(root)
    shutil.copyfile(root / "params/paper.yaml", root / "params.yaml")
    set_parameters(root / "params.yaml", SIZES)
    for name, make in (
        ("qwen2.5-vl", make_policy),
        ("bge-m3", make_text_encoder),
        ("biomedclip", make_image_encoder),
    ):
        (root / HUB / name).mkdir(parents=True)
        make(root / HUB / name)
    space = Workspace(root)
    space.run("git", "init", "-q")
    space.run("git", "add", "--all")
    space.run("git", *AUTHOR, "commit", "-q", "-m", "the paper's parameters")
    return space


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a stage fails or the limit is missed")
    parser.add_argument("--keep", type=Path, help="build it here, and leave it")
    options = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.keep or Path(scratch) / "workspace"
        space = prepare(root)
        done = space.attempt(sys.executable, "-m", "dvc", "repro", DS_ACCELERATOR="cpu")
        seconds = time.perf_counter() - begin
        figures = report(root)
        if done.returncode:
            print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
    met = done.returncode == 0 and figures.get("registered_version") == 1 and seconds <= LIMIT_S
    print(json.dumps({"benchmark": "paper_dry_run", "met": met, "seconds": round(seconds, 1), **figures}))
    return 0 if met or not options.check else 1


def report(root: Path) -> dict[str, Any]:
    """Each stage's headline on the terminal; seconds by stage, and the version that was registered."""
    seconds: dict[str, float] = {}
    for file in sorted((root / "work/timings").glob("*.json"), key=lambda path: path.stat().st_mtime):
        timing = json.loads(file.read_text())
        seconds[file.stem] = timing["seconds"]
        print(f"{file.stem:<24}{timing['seconds']:>8.1f} s  {timing['headline']}", flush=True)
    registration = root / "metrics/register.json"
    version = json.loads(registration.read_text())["version"] if registration.is_file() else None
    return {"registered_version": version, "stages": seconds}


if __name__ == "__main__":
    sys.exit(main())
