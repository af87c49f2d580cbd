"""params.yaml as frozen, typed sections. Imports no torch and reads no file: `pipelines.params` does.

Example:
    >>> parse({"rollout": {"max_turns": 2}}).rollout.max_turns
    2
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from medrwr.config.curation import CurateSettings, ReconstructSettings
from medrwr.config.data import (
    BaseSettings,
    CaseIndexSettings,
    CaseSetSettings,
    ClinicSettings,
    ColumnSettings,
    DatasetsSettings,
    EncoderSettings,
    IndexSettings,
    KnowledgeBaseSettings,
    QuestionSetSettings,
    SourceSettings,
)
from medrwr.config.learning import BaseModelSettings, GrpoSettings, RewardSettings, RolloutSettings, SftSettings
from medrwr.config.proof import CalibrateSettings, EvaluateSettings, RegisterSettings
from medrwr.config.section import ConfigSection
from medrwr.errors import ConfigError

__all__ = [
    "BaseModelSettings",
    "BaseSettings",
    "CalibrateSettings",
    "CaseIndexSettings",
    "CaseSetSettings",
    "ClinicSettings",
    "ColumnSettings",
    "CurateSettings",
    "DatasetsSettings",
    "EncoderSettings",
    "EvaluateSettings",
    "GrpoSettings",
    "IndexSettings",
    "KnowledgeBaseSettings",
    "Params",
    "QuestionSetSettings",
    "ReconstructSettings",
    "RegisterSettings",
    "RewardSettings",
    "RolloutSettings",
    "SftSettings",
    "SourceSettings",
    "parse",
]


class Params(ConfigSection):
    """All of params.yaml."""

    base: BaseSettings = BaseSettings()
    clinic: ClinicSettings = ClinicSettings()
    datasets: DatasetsSettings = DatasetsSettings()
    base_model: BaseModelSettings = BaseModelSettings()
    knowledge_base: KnowledgeBaseSettings = KnowledgeBaseSettings()
    encoders: EncoderSettings = EncoderSettings()
    index: IndexSettings = IndexSettings()
    case_index: CaseIndexSettings = CaseIndexSettings()
    reconstruct: ReconstructSettings = ReconstructSettings()
    curate: CurateSettings = CurateSettings()
    rollout: RolloutSettings = RolloutSettings()
    rewards: RewardSettings = RewardSettings()
    sft: SftSettings = SftSettings()
    grpo_text: GrpoSettings = GrpoSettings()
    grpo_multimodal: GrpoSettings = GrpoSettings()
    calibrate: CalibrateSettings = CalibrateSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    register_: RegisterSettings = RegisterSettings()


def parse(values: Mapping[str, Any]) -> Params:
    """Validate the content of params.yaml.

    Raises:
        ConfigError: one line for each unknown, mistyped or out-of-range value, at most ten.
    """
    renamed = {("register_" if key == "register" else key): value for key, value in values.items()}
    try:
        return Params.model_validate(renamed)
    except ValidationError as error:
        lines = [_explain(dict(item)) for item in error.errors()[:10]]
        raise ConfigError("params.yaml: " + "; ".join(lines)) from None


def _explain(item: dict[str, Any]) -> str:
    location = [str(part) for part in item["loc"]]
    name = ".".join(location).replace("register_", "register")
    if item["type"] != "extra_forbidden":
        return f"{name} = {item.get('input')!r}: {item['msg']}"
    known = _known_keys(location[:-1])
    close = difflib.get_close_matches(location[-1], known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(known))}"
    return f"{name} is unknown: {hint}"


def _known_keys(location: list[str]) -> list[str]:
    if location[:2] == ["knowledge_base", "sources"]:
        return list(SourceSettings.model_fields)
    model: Any = Params.model_fields[location[0]].annotation if location else Params
    return [name.rstrip("_") for name in model.model_fields]
