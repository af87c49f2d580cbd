"""The grids: every row's parameters exist, and equal ones share an experiment (M30)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from medrwr.config import parse
from medrwr.errors import ConfigError
from pipelines.ablation.grids import NAMES, grid_named, on_bases
from pipelines.cli.ablate import Request, choose, flat
from pipelines.params import load_params, read_yaml
from pipelines.rungs import RUNGS

REPOSITORY = Path(__file__).resolve().parents[3]
PARAMS = load_params(REPOSITORY)


def changed(overrides: Any) -> dict[str, Any]:
    """params.yaml with `overrides`."""
    values = read_yaml(REPOSITORY / "params.yaml")
    for name, value in overrides.items():
        *sections, last = name.split(".")
        place = values
        for section in sections:
            place = place[section]
        assert last in place, name
        if value is None:
            del place[last]
        else:
            place[last] = value
    return values


@pytest.mark.parametrize("name", NAMES)
def test_m30_every_row_is_a_change_that_the_parameters_allow(name: str) -> None:
    grid = grid_named(name, PARAMS)
    rows = [row.name for row in grid.rows]
    assert len(set(rows)) == len(rows)
    assert grid.reference in rows
    for row in grid.rows:
        parse(changed(row.overrides))
        assert row.rung in {rung.name for rung in RUNGS}


def test_m30_small_parameters_are_allowed() -> None:
    parse(changed(flat(read_yaml(REPOSITORY / "params/small.yaml"))))


def test_table_12_has_each_source_alone() -> None:
    params = parse({"knowledge_base": {"sources": {"a": {"path": "x"}, "b": {"path": "y"}}}})
    rows = {row.name: dict(row.overrides) for row in grid_named("table12", params).rows}
    assert rows["only-a"] == {"knowledge_base.sources.b": None}
    assert rows["only-b"] == {"knowledge_base.sources.a": None}
    assert rows["all"] == {}


def test_weights_follow_the_workspace() -> None:
    params = parse({"rewards": {"query_weight": 0.6}})
    rows = {row.name: row.overrides for row in grid_named("rewardparts", params).rows}
    assert rows["query-double"] == {"rewards.query_weight": 1.2}


def test_further_bases_repeat_the_rows() -> None:
    grid = on_bases(grid_named("fig3a", PARAMS), {"other": "models/other"})
    assert [row.name for row in grid.rows][3:] == ["vanilla-other", "reason-other", "full-other"]
    assert grid.rows[4].overrides["base_model.checkpoint"] == "models/other"


def test_chosen_rows_keep_the_reference_and_a_wrong_name_is_told(tmp_path: Path) -> None:
    grid = grid_named("table3", PARAMS)
    assert [row.name for row in choose(grid, Request("table3", rows=("query",))).rows] == ["query", "full"]
    with pytest.raises(ConfigError, match="table3 has no row 'queri': its rows are both-plain, query"):
        choose(grid, Request("table3", rows=("queri",)))
    with pytest.raises(ConfigError, match=r"holds no config\.json, expected a checkpoint folder"):
        choose(grid, Request("table3", bases=(tmp_path,)))
    with pytest.raises(ConfigError, match="no ablation is called 'tabel2': did you mean 'table2'"):
        grid_named("tabel2", PARAMS)
