"""Sections of params.yaml for the data stages: clinic, knowledge base, encoders, indexes."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from medrwr.config.section import ConfigSection

_SAFE_NAME = r"[a-z0-9_-]+"


Engine = Literal["local", "ray"]


class BaseSettings(ConfigSection):
    """What every stage shares."""

    seed: int = 7
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    threads: int = Field(0, ge=0, description="0: all cores")


class ClinicSettings(ConfigSection):
    """The simulated clinic: how much of it there is. Counts of questions are over all modalities."""

    conditions_per_modality: int = Field(48, ge=4)
    held_out_modality: str = "echocardiography"
    held_out_conditions: int = Field(200, ge=8)
    image_size: int = Field(112, ge=56)
    sft_questions: int = Field(800, ge=8)
    sft_expert_share: float = Field(
        0.5, ge=0, le=1, description="of the SFT text questions, how many show what to ask for; the rest ask literally"
    )
    sft_image_expert_share: float = Field(
        0.08, ge=0, le=1, description="the same of the image questions; to ask for what is seen is left to image GRPO"
    )
    sft_misread_share: float = Field(
        0.3, ge=0, le=1, description="of the image questions, how many show what to do when what was found is no option"
    )
    two_hop_share: float = Field(
        0.25, ge=0, le=1, description="of the SFT and RL questions, how many need a second query (M3)"
    )
    sft_second_looks: int = Field(0, ge=0, description="demonstrations that look again beside a similar case (M26)")
    sft_findings: int = Field(400, ge=0, description="demonstrations that need no query: name the sign, any modality")
    rl_text_questions: int = Field(600, ge=8)
    rl_image_questions: int = Field(600, ge=8)
    calibration_questions: int = Field(400, ge=8)
    test_questions: int = Field(1600, ge=16, description="a quarter each: held in or held out, text or image")
    two_hop_test_questions: int = Field(400, ge=2, description="held out; half text, half image")
    image_cases: int = Field(1500, ge=8, description="the corpus of similar cases: captions end at the impression")
    archive_cases: int = Field(800, ge=8, description="reports on training conditions that curation starts from (M11)")
    encoder_pairs: int = Field(3000, ge=8, description="images of their own, for the image-text encoder")


class PublishedSettings(ConfigSection):
    """One published data set: a folder or file of the workspace, else its name on the Hugging Face hub."""

    path: str
    revision: str | None = Field(
        None, description="the hub's commit; of a folder any label: change it when its files have changed"
    )


class QuestionSetSettings(PublishedSettings):
    """A published set of questions."""

    format: Literal["medqa", "medmcqa"]
    split: Literal["train", "validation", "test"] = "train"


class CaseSetSettings(PublishedSettings):
    """A published set of images with captions."""

    format: Literal["pubmedvision", "eced"]


class DatasetsSettings(ConfigSection):
    """Published sets that take the place of the clinic's own; where none is named, the clinic's stay."""

    rl_text: dict[str, QuestionSetSettings] = Field({}, description="questions of the text stage (M23)")
    image_cases: dict[str, CaseSetSettings] = Field({}, description="the corpus of image cases (M10)")

    @field_validator("rl_text", "image_cases")
    @classmethod
    def _safe_names(cls, sets: dict[str, PublishedSettings]) -> dict[str, PublishedSettings]:
        if unsafe := [name for name in sets if not re.fullmatch(_SAFE_NAME, name)]:
            raise ValueError(f"names of data sets must match ^[a-z0-9_-]+$, got {unsafe}")
        return sets


class ColumnSettings(ConfigSection):
    """Which columns (CSV, TSV) or keys (JSON records) hold what; an empty name: found by its usual names."""

    text: list[str] = Field([], description="several: each is a section, headed by its column's name")
    title: str = ""
    id: str = ""
    section: str = ""
    licence: str = ""
    modality: str = ""
    url: str = ""
    date: str = ""


SourceFormat = Literal[
    "auto",
    "bioasq",
    "cnxml",
    "html",
    "jats",
    "markdown",
    "medcpt",
    "medmcqa",
    "medquad",
    "pdf",
    "pubmed",
    "pubmedqa",
    "rows",
    "squad",
    "text",
]


class SourceSettings(ConfigSection):
    """One folder of documents. `format: auto` looks at each file: a folder may mix formats."""

    path: str
    format: SourceFormat = "auto"
    licence: str = Field("", description="of documents that do not name their own")
    columns: ColumnSettings = ColumnSettings()


class KnowledgeBaseSettings(ConfigSection):
    """How documents become passages (M7)."""

    sources: dict[str, SourceSettings] = {"clinic": SourceSettings(path="data/clinic/documents")}
    chunk_words: int = Field(50, ge=10, description="a passage ends at the first sentence end at or after this length")
    min_words: int = Field(8, ge=1)
    tail_share: float = Field(
        0.5, ge=0, le=1, description="a last piece shorter than this share of chunk_words joins the one before (M7: 1)"
    )
    near_duplicates: float = Field(
        0.9, ge=0.7, le=1, description="share of common 3-word runs from which a passage that adds nothing is left out"
    )
    engine: Engine = Field("local", description="who reads files and cuts them into passages; ray: several workers")
    workers: int = Field(0, ge=0, description="of engine ray; 0: one for each processor of the cluster")

    @field_validator("sources")
    @classmethod
    def _safe_names(cls, sources: dict[str, SourceSettings]) -> dict[str, SourceSettings]:
        unsafe = [name for name in sources if not re.fullmatch(_SAFE_NAME, name)]
        if unsafe or not sources:
            raise ValueError(f"source names must match ^[a-z0-9_-]+$ and there must be one, got {list(sources)}")
        return sources


class EncoderSettings(ConfigSection):
    """Text encoder and image-text encoder (M8, M18)."""

    text_encoder: str = "all-MiniLM-L6-v2"
    text_max_tokens: int = Field(128, ge=16)
    text_precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="bfloat16: torch instead of onnxruntime on processors that multiply it"
    )
    image_encoder: str = Field(
        "clinic", description="'clinic': train a small open_clip model; else an open_clip name or folder"
    )
    image_steps: int = Field(300, ge=1)
    image_batch: int = Field(64, ge=2)
    image_lr: float = Field(0.02, gt=0)
    image_size: int = Field(56, ge=14)
    provider: Literal["auto", "cpu", "cuda"] = "auto"


class IndexSettings(ConfigSection):
    """The passage index: LanceDB, full text and vectors, fused by rank or by score."""

    mode: Literal["hybrid", "vector", "text"] = "hybrid"
    top_k: int = Field(3, ge=1)
    candidates: int = Field(30, ge=1, description="how deep each list goes into the fusion")
    fusion: Literal["rank", "score"] = Field("rank", description="score: by score / best score of each list")
    rrf_k: int = Field(10, ge=1, description="of rank; small: at 60 two middling ranks beat one first")
    text_weight: float = Field(
        0.8, ge=0, le=1, description="in the fusion; by score 0.6, for questions in prose 0.2 to 0.3"
    )
    bigrams: bool = Field(True, description="full text knows pairs of neighbouring words as well as words")
    exact_below: int = Field(20000, ge=0, description="fewer rows than this are scanned exactly, in memory")
    minimum_recall: float = Field(0.99, ge=0, le=1, description="of the vector index, at top_k, against an exact scan")
    minimum_known_items: float = Field(
        0.6, ge=0, le=1, description="known items found at top_k, else nothing is published"
    )
    engine: Engine = Field("local", description="who encodes, writes and indexes; ray: several workers, one commit")
    workers: int = Field(0, ge=0, description="of engine ray; 0: one for each processor of the cluster")


class CaseIndexSettings(ConfigSection):
    """The index of image cases (M10)."""

    top_k: int = Field(1, ge=0, description="similar cases beside a second look, 0: no second look")
    queries: int = Field(0, ge=0, description="what a second look may still ask the knowledge base (M26)")
    exact_below: int = Field(20000, ge=0, description="fewer rows than this are scanned exactly, in memory")
    minimum_recall: float = Field(0.99, ge=0, le=1, description="of the vector index, at 3, against an exact scan")
    dicom: str | None = Field(None, description="a folder of DICOM files that become cases too, without identity")
    duplicate_distance: int = Field(4, ge=0, description="perceptual-hash bits; at most this far is a near-duplicate")
