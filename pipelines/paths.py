"""Every artefact's path, relative to the workspace (the folder with params.yaml and dvc.yaml)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths of one workspace; `root` is the current folder unless a test says otherwise."""

    root: Path = Path(".")

    @property
    def clinic(self) -> Path:
        """Documents (*.md), images (*.png), questions (*.jsonl), cases.jsonl, demonstrations.jsonl."""
        return self.root / "data/clinic"

    def questions(self, split: str) -> Path:
        """Splits: rl_text, rl_image, calibration, test."""
        return self.clinic / "questions" / f"{split}.jsonl"

    @property
    def demonstrations(self) -> Path:
        return self.clinic / "demonstrations.jsonl"

    @property
    def cases(self) -> Path:
        return self.clinic / "cases.jsonl"

    def knowledge_base(self, source: str) -> Path:
        """Folder with passages.jsonl, terms.jsonl and quarantine.jsonl of one source."""
        return self.root / "data/knowledge_base" / source

    @property
    def knowledge_bases(self) -> Path:
        return self.root / "data/knowledge_base"

    @property
    def encoders(self) -> Path:
        """Folders text/ and image/, each with its ONNX files and an encoder.json."""
        return self.root / "models/encoders"

    @property
    def index(self) -> Path:
        return self.root / "data/index"

    @property
    def index_manifest(self) -> Path:
        return self.root / "data/index_manifest.json"

    @property
    def embedding_cache(self) -> Path:
        """Vectors by content and encoder; untracked, and safe to delete."""
        return self.root / "work/embeddings"

    @property
    def case_index(self) -> Path:
        return self.root / "data/case_index"

    @property
    def case_index_manifest(self) -> Path:
        return self.root / "data/case_index_manifest.json"

    @property
    def archive(self) -> Path:
        """What curation starts from (M11): cases.jsonl, images with whole reports; image paths relative to `clinic`."""
        return self.root / "data/archive"

    @property
    def reconstructed(self) -> Path:
        """Questions made of image cases (M12), what was rejected and why, and the data card."""
        return self.root / "data/reconstructed"

    @property
    def curated(self) -> Path:
        """RL image questions with their difficulty (M13)."""
        return self.root / "data/curated"

    def model(self, stage: str) -> Path:
        """Checkpoint folder of sft, grpo_text or grpo_multimodal: config, safetensors, tokenizer, processor."""
        return self.root / "models" / stage

    def work(self, stage: str) -> Path:
        """Scratch of a stage, untracked: checkpoints to resume from."""
        return self.root / "work" / stage

    @property
    def calibration(self) -> Path:
        return self.root / "reports/calibration/calibration.json"

    @property
    def evaluation(self) -> Path:
        return self.root / "reports/evaluation"

    def benchmark_run(self, name: str) -> Path:
        """A run of `medrwr eval`: run.json, per_question.jsonl, summary.json, report.md, report.html and more."""
        return self.root / "reports/benchmarks" / name

    @property
    def registration(self) -> Path:
        return self.root / "reports/registration.json"

    @property
    def champion_answers(self) -> Path:
        """Answers of the version that carried the alias after the last registration; untracked."""
        return self.root / "work/register/champion_answers.csv"

    def metrics(self, stage: str) -> Path:
        return self.root / "metrics" / f"{stage}.json"

    def plots(self, stage: str) -> Path:
        return self.root / "plots" / stage

    def rollouts(self, stage: str) -> Path:
        """A page with the last rollouts of a GRPO stage, untracked: it changes no digest."""
        return self.root / "work/rollouts" / f"{stage}.html"

    def timing(self, stage: str) -> Path:
        """Seconds, peak memory and key figure of the last run: untracked, so that it changes no digest."""
        return self.root / "work/timings" / f"{stage}.json"
