"""What dvc.yaml and dvc.lock say about a stage: which parameters it reads, and the digests of what it depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medrwr.config import Params
from pipelines.params import read_yaml


def stage_params(root: Path, stage: str, params: Params) -> dict[str, str]:
    """The parameters that dvc.yaml gives to `stage`, flat ('sft.epochs') and as text; {} without a dvc.yaml."""
    values = params.model_dump(mode="json")
    flat: dict[str, str] = {}
    for name in _entry(root, stage).get("params", []):
        section, _, key = str(name).partition(".")
        content: Any = values.get(section, values.get(section + "_"))
        flat |= _flatten(str(name), content[key] if key else content)
    return flat


def input_digests(root: Path, stage: str) -> dict[str, str]:
    """Path -> md5 of the data and models that `stage` depends on, as dvc.lock has them from the stages before it."""
    wanted = {str(path) for path in _entry(root, stage).get("deps", [])}
    return {path: md5 for path, md5 in locked_outputs(root).items() if path in wanted}


def locked_outputs(root: Path) -> dict[str, str]:
    """Path -> md5 of every stage's outs in dvc.lock; {} before the first run."""
    if not (root / "dvc.lock").is_file():
        return {}
    stages = read_yaml(root / "dvc.lock").get("stages", {})
    return {str(out["path"]): str(out["md5"]) for entry in stages.values() for out in entry.get("outs", [])}


def _entry(root: Path, stage: str) -> dict[str, Any]:
    if not (root / "dvc.yaml").is_file():
        return {}
    entry = read_yaml(root / "dvc.yaml").get("stages", {}).get(stage, {})
    found: dict[str, Any] = entry.get("do", entry)
    return found


def _flatten(prefix: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {prefix: str(value)}
    return {key: text for name, item in value.items() for key, text in _flatten(f"{prefix}.{name}", item).items()}
