"""Every committed parameter file loads through the same frozen models, and says everything: no default is hidden."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from medrwr.config import parse
from pipelines.params import read_yaml

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = REPOSITORY / "params/small.yaml"  # what `medrwr ablate --small` changes, and no more
FILES = [REPOSITORY / "params.yaml", *sorted(set((REPOSITORY / "params").glob("*.yaml")) - {SMALL})]


def keys(values: dict[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for name, value in values.items():
        found |= keys(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_committed_file_is_valid_and_complete(file: Path) -> None:
    values = read_yaml(file)
    dumped = parse(values).model_dump(mode="json")
    dumped["register"] = dumped.pop("register_")
    for source in dumped["knowledge_base"]["sources"].values():  # a source says what its files do not say themselves
        source.pop("licence"), source.pop("columns")

    assert keys(values) == keys(dumped)


def test_the_small_file_changes_what_there_is() -> None:
    parse(read_yaml(SMALL))
    assert keys(read_yaml(SMALL)) < keys(read_yaml(REPOSITORY / "params.yaml"))


def test_the_papers_settings() -> None:
    """M7, M8, M20, M22, M23, M25, M26: the figures that the paper states."""
    params = parse(read_yaml(REPOSITORY / "params/paper.yaml"))

    assert params.knowledge_base.chunk_words == 100
    assert params.index.top_k == 3
    assert params.case_index.top_k == 1
    assert (params.calibrate.threshold, params.calibrate.fixed_threshold) == ("fixed", 0.8)
    assert params.calibrate.method == "none"
    assert params.rewards.confidence_vocabulary == "full"
    weights = params.rewards
    assert (weights.format_weight, weights.accuracy_weight) == (1.0, 5.0)
    assert (weights.query_weight, weights.confidence_weight) == (0.4, 5.0)
    assert params.base_model.max_pixels == 262144
    assert set(params.grpo_text.rewards) == {"format", "accuracy"}
    for stage in (params.grpo_text, params.grpo_multimodal):
        assert (stage.learning_rate, stage.beta, stage.warmup_ratio) == (1e-6, 1e-3, 0.05)
        assert (stage.num_generations, stage.temperature) == (8, 1.0)
        assert stage.prompts_per_step * stage.num_generations == 4 * 8 * stage.gradient_accumulation_steps
        config = json.loads((REPOSITORY / f"infra/deepspeed/{stage.deepspeed}.json").read_text())
        assert config["zero_optimization"]["stage"] == 2
