"""The paper's ablations by the names of their tables and figures (M30), with its published figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from medrwr.config import Params, RewardSettings
from medrwr.errors import ConfigError
from pipelines.ablation.grid import FULL, FULL_CDIR, Grid, Row, four
from pipelines.ablation.own_grids import CURATION, SECOND_LOOKS, TAUGHT_LOOKS
from pipelines.catalogue import suggest
from pipelines.second_looks import CDIR

PLAIN = ["format", "accuracy"]
REWARDS, SOURCES = "grpo_multimodal.rewards", "knowledge_base.sources"
NO_TEXT_STAGE = {"grpo_text.enabled": False}
BASE = Row("base", "base, no training", rung="base_at_once", paper=four(22.4, 56.5, 31.8, 40.4))
BOTH_PLAIN = Row("both-plain", "both stages, format + accuracy", {REWARDS: PLAIN}, paper=four(25.1, 60.0, 37.1, 45.3))
WITH_QUERY = [*PLAIN, "query_text", "query_image"]
QUERY_ONLY = Row("query", "+ query reward", {REWARDS: WITH_QUERY}, paper=four(25.4, 62.8, 38.8, 47.2))
CONFIDENCE_ONLY = Row(
    "confidence", "+ confidence reward", {REWARDS: [*PLAIN, "confidence"]}, paper=four(26.2, 62.0, 37.1, 45.9)
)

TABLE1 = Grid(
    "table1",
    "Table 1: against agentic peers on the same knowledge base",
    (
        BASE,
        Row("rag", "the question is the query", rung="question_as_query"),
        Row("agent", "base, asks for itself without training", rung="base"),
        Row("imitation", "asks after imitation alone (SFT)", rung="sft"),
        FULL,
        FULL_CDIR,
    ),
    reference="full",
    note="The retrieving baseline reads with the final checkpoint: what is compared is the query, not the reader.",
)
TABLE2 = Grid(
    "table2",
    "Table 2: training stages",
    (
        BASE,
        Row("text", "text stage only", rung="grpo_text", paper=four(22.1, 61.3, 34.3, 42.2)),
        Row("image", "image stage only", {**NO_TEXT_STAGE, REWARDS: PLAIN}, paper=four(24.7, 59.3, 36.3, 43.0)),
        BOTH_PLAIN,
        FULL,
        FULL_CDIR,
    ),
    reference="full",
    note="Ours starts each stage from the SFT checkpoint, which teaches the protocol; the paper starts from the base.",
)
TABLE3 = Grid(
    "table3",
    "Table 3: rewards of the image stage",
    (
        BOTH_PLAIN,
        QUERY_ONLY,
        Row("query-text", "+ query reward, text half only (F.3)", {REWARDS: [*PLAIN, "query_text"]}),
        CONFIDENCE_ONLY,
        FULL,
    ),
    reference="full",
)
TABLE11 = Grid(
    "table11",
    "Table 11: the first stage",
    (
        Row("sft-first", "SFT in the place of the text stage", NO_TEXT_STAGE, paper=four(26.1, 52.0, 36.7, 39.8)),
        Row("grpo-first", "text GRPO without SFT", {"sft.enabled": False}, paper=four(27.2, 65.5, 43.7, 51.1)),
        Row("full", "SFT, then text GRPO (ours)"),
    ),
    reference="full",
    note="The paper's SFT row is the one on MedReason's data; ours is the clinic's demonstrations.",
)
FIG3B = Grid(
    "fig3b",
    "Fig. 3b: how the query is made",
    (
        Row("none", "no retrieval", rung="no_retrieval"),
        Row("question", "the question as the query", rung="question_as_query"),
        Row("refined", "the question, refined without the image", rung="refined_question"),
        Row("caption", "the most similar case's caption", rung="caption_as_query"),
        Row("own", "the policy's own query"),
    ),
    reference="own",
    note="All rows are one checkpoint: what differs is who asks.",
)
FIG3A = Grid(
    "fig3a",
    "Fig. 3a: vanilla, reasoning trained without query actions, ours",
    (
        Row("vanilla", "vanilla", rung="base_at_once"),
        Row("reason", "trained to reason, no queries", {"rollout.max_turns": 0, REWARDS: PLAIN}),
        Row("full", "Med-RwR"),
    ),
    reference="full",
    note="`--base FOLDER` repeats the rows on another base checkpoint.",
)
FIG3C = Grid(
    "fig3c",
    "Fig. 3c: confidence before and after re-retrieval",
    (FULL, FULL_CDIR),
    reference="full",
    note="Published: re-retrieval raises the mean confidence of uncertain cases by 0.12 to 0.21.",
    confidences=True,
)
TABLE14 = Grid(
    "table14",
    "Table 14: a language model's scores of the reasoning",
    (Row("full-judged", "Med-RwR + CDIR, judged", {"evaluate.judge_questions": 25}, rung=CDIR),),
    reference="full-judged",
    note="The judge is OPENAI_MODEL at OPENAI_BASE_URL; it scores 25 answers of each cell.",
    judged=True,
)
_PUBLISHED = (TABLE1, TABLE2, TABLE3, TABLE11, TABLE14, FIG3A, FIG3B, FIG3C)
GRIDS = {grid.name: grid for grid in (*_PUBLISHED, CURATION, SECOND_LOOKS, TAUGHT_LOOKS)}
NAMES = (*GRIDS, "table12", "rewardparts")


def grid_named(name: str, params: Params) -> Grid:
    """A grid; tables 12 and `rewardparts` follow the workspace's sources and weights.

    Raises:
        ConfigError: there is no such grid.
    """
    if name == "table12":
        return _knowledge_bases(params.knowledge_base.sources)
    if name == "rewardparts":
        return _reward_parts(params.rewards)
    if name not in GRIDS:
        raise ConfigError(f"no ablation is called {name!r}: {suggest(name, list(NAMES))}")
    return GRIDS[name]


def _reward_parts(rewards: RewardSettings) -> Grid:
    rows = [FULL]
    for part in ("format", "accuracy", "query", "confidence"):
        weight = float(getattr(rewards, f"{part}_weight"))
        for name, factor in (("none", 0.0), ("half", 0.5), ("double", 2.0)):
            changed = {f"rewards.{part}_weight": weight * factor}
            rows.append(Row(f"{part}-{name}", f"{part} weight x {factor:g}", changed))
    return Grid("rewardparts", "Sensitivity to the weights of the rewards (M20)", tuple(rows), reference="full")


def _knowledge_bases(sources: Iterable[str]) -> Grid:
    names = list(sources)
    alone = [
        Row(f"only-{name}", f"{name} alone", {f"{SOURCES}.{other}": None for other in names if other != name})
        for name in names
    ]
    nothing = Row("none", "no retrieval", rung="no_retrieval")
    rows = (nothing, *(alone if len(names) > 1 else ()), Row("all", f"all: {', '.join(names)}"))
    note = "Published, on MedXpertQA-MM: PubMedKB 26.4, StatPearlsKB 26.6, ExpKB 27.2, EC-ExpKB 25.4."
    return Grid("table12", "Table 12: knowledge bases", rows, reference="all", note=note)


def on_bases(grid: Grid, bases: Mapping[str, str]) -> Grid:
    """The rows once more for each other base checkpoint, by its label."""
    more = tuple(
        Row(f"{row.name}-{name}", f"{row.label}, {name}", {**row.overrides, "base_model.checkpoint": path}, row.rung)
        for name, path in bases.items()
        for row in grid.rows
    )
    return replace(grid, rows=(*grid.rows, *more))
