"""Sections of params.yaml for what follows training: calibrate, evaluate, register."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from medrwr.config.section import ConfigSection


class CalibrateSettings(ConfigSection):
    """M27. `threshold: fixed` uses `fixed_threshold` (0.8 in the paper)."""

    method: Literal["auto", "none", "temperature", "platt", "isotonic", "path"] = Field(
        "auto", description="auto: the lowest Brier score in cross-validation on the calibration split; none: raw"
    )
    second_scale: Literal["shared", "own"] = Field(
        "shared", description="own: confidence in second answers is fitted on second answers, before they are compared"
    )
    threshold: Literal["budget", "fixed", "cost", "certified"] = "budget"
    fixed_threshold: float = Field(0.8, ge=0, le=1)
    budget: float = Field(0.3, ge=0, le=1, description="largest share of questions that may be re-retrieved")
    look_cost: float = Field(0.05, ge=0, description="of cost: right answers that one second look may cost")
    flip_cost: float = Field(1.0, ge=0, description="of cost: what a lost right answer costs on top of itself")
    risk: Literal["left_alone_error", "right_to_wrong"] = Field(
        "left_alone_error", description="of certified: errors of answers left alone, or right answers that are lost"
    )
    alpha: float = Field(0.1, gt=0, lt=1, description="of certified: the risk is at most this")
    delta: float = Field(0.1, gt=0, lt=1, description="of certified: with a probability of at least 1 - delta")
    bins: int = Field(10, ge=2)


class EvaluateSettings(ConfigSection):
    """M28, M29, M31: which rows of the ladder are measured, on how many questions."""

    questions_per_cell: int = Field(400, ge=1)
    bootstrap_samples: int = Field(2000, ge=100)
    confidence_level: float = Field(0.95, gt=0, lt=1)
    ladder_questions_per_cell: int = Field(200, ge=1, description="for the earlier checkpoints of the ladder")
    control_questions_per_cell: int = Field(
        400, ge=1, description="for the last checkpoint without retrieval, with the question as query, with one query"
    )
    trace_every: int = Field(1, ge=0, description="every so many-th trajectory becomes a trace in MLflow, 0: none")
    attribution_questions: int = Field(
        25, ge=0, description="of each cell, played again without one passage at a time, 0: none"
    )
    scaling_questions: int = Field(
        25, ge=0, description="of each image cell, asked again with 1, 2, 4 and 8 similar cases, 0: none"
    )
    judge_questions: int = Field(
        0, ge=0, description="of each cell, whose reasoning a language model scores (OPENAI_BASE_URL), 0: none"
    )
    report_cases: int = Field(120, ge=0, description="answers in the report's browser of cases at most, 0: none")


class RegisterSettings(ConfigSection):
    """Registry name, alias, and what the gate asks of a challenger."""

    model_name: str = Field("med-rwr", pattern=r"^[a-z0-9_-]+$")
    alias: str = Field("champion", pattern=r"^[a-z][a-z0-9_-]*$")
    gate_metric: str = "held_out_image_accuracy"
    minimum_gain: float = 0.0
    worse_level: float = Field(
        0.95, gt=0, lt=1, description="a benchmark is worse when all of its interval at this level is below zero"
    )
    calibration_slack: float = Field(0.02, ge=0, description="largest rise of ece_calibrated")
    latency_factor: float = Field(2.0, ge=1, description="largest answer_seconds, as a multiple of the champion's")
    latency_slack_s: float = Field(1.0, ge=0, description="beyond the multiple: short measurements differ that much")
