"""Stage `base_model` (frozen): train the embedded base checkpoint; `make base-model` runs it.

Its manifest names the command, the seed, the digest of what it was trained from, and the loss curve.
"""

from __future__ import annotations

import hashlib
import json
import shutil

from medrwr.clinic.ontology import build_ontology
from medrwr.policy.loading import save_policy
from medrwr.policy.pretraining.training import PretrainingPlan, pretrain, tokenizer_corpus
from medrwr.policy.tiny import build_tiny_policy
from medrwr.records import write_text_atomic
from pipelines.stage import StageContext, StageResult

COMMAND = "make base-model"


def run(context: StageContext) -> StageResult:
    """Tokenizer, model and drills from `base_model.train_seed`; writes models/base with manifest and curve."""
    settings = context.params.base_model
    ontology = build_ontology(context.params.clinic, seed=context.params.base.seed)
    corpus = list(tokenizer_corpus(ontology, seed=settings.train_seed))
    policy = build_tiny_policy(corpus, seed=settings.train_seed, vocab_size=1400, max_pixels=settings.max_pixels)
    plan = PretrainingPlan(steps=settings.train_steps, seed=settings.train_seed)
    curve = pretrain(policy, ontology, plan, context.sink)
    folder = context.paths.root / "models/base"
    fresh = folder.with_name("base.new")
    shutil.rmtree(fresh, ignore_errors=True)
    save_policy(policy, fresh)
    manifest = {
        "command": COMMAND,
        "seed": plan.seed,
        "steps": plan.steps,
        "data_digest": hashlib.sha256("\n".join(corpus).encode()).hexdigest(),
        "parameters": sum(p.numel() for p in policy.model.parameters()),
        "trained_on": "drills on invented facts, captions and prose; no protocol tag, no query, no fact of the clinic",
        "curve": curve,
    }
    write_text_atomic(fresh / "manifest.json", json.dumps(manifest, indent=1) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    last = curve[-1] if curve else {}
    skills = {k: v for k, v in last.items() if k.startswith("skill/")}
    return StageResult(skills, f"{plan.steps} steps, reads {last.get('skill/fact/reading', 0):.0%} of facts")
