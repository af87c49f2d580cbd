"""params.yaml: good, missing, broken, mistyped."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.errors import ConfigError
from pipelines.params import load_params

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_committed_file_is_valid() -> None:
    assert load_params(REPOSITORY).register_.model_name == "med-rwr"


def test_values_arrive_typed(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("sft: {epochs: 3}\n")
    assert load_params(tmp_path).sft.epochs == 3.0


def test_an_empty_file_means_all_defaults(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("")
    assert load_params(tmp_path).base.seed == 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"sft: {epoch: 3}\n", "sft.epoch is unknown: did you mean 'epochs'?"),
        (b"stf: {epochs: 3}\n", "stf is unknown: did you mean 'sft'?"),
        (b"sft: {epochs: many}\n", "sft.epochs = 'many'"),
        (b"sft: {epochs: 0}\n", "sft.epochs = 0"),
        (b"sft:\n  epochs: [1\n", "is not valid YAML"),
        (b"- sft\n", "expected sections"),
        (b"sft: \xff\n", "is not UTF-8"),
        (b"sft: !!python/object/apply:os.system ['true']\n", "is not valid YAML"),
    ],
)
def test_a_bad_file_is_explained(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=message.replace("?", r"\?").replace("[", r"\[")) as caught:
        load_params(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_where_to_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="run this in the workspace"):
        load_params(tmp_path)
