"""Graphs of other shapes: large, with sources from outside, owned; and those that cannot be used."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.assets import source_key
from dagster_project.automation import JOB
from dagster_project.graph import OWNER, read_graph
from dagster_project.lock import recorded_outs
from dagster_project.observing import DATA_VERSION
from dagster_project.project import build_definitions
from medrwr.errors import ConfigError

from .conftest import Workspace
from .test_observing import tick

STAGES = 200
LIMIT_S = 5.0
OUTSIDE = """\
stages:
  read:
    meta: {owners: [data@example.org]}
    cmd: mkdir -p data && cp tables/in.csv data/read && cp stage.py data/
    deps: [tables/in.csv, stage.py]
    outs: [data/read]
  sweep:
    matrix: {size: [small, large], seed: ["1", "2"]}
    cmd: echo ${item.size}${item.seed} > data/${item.size}${item.seed}
    deps: [data/read]
    outs: ["data/${item.size}${item.seed}"]
"""


def with_graph(space: Workspace, text: str) -> Workspace:
    (space.root / "dvc.yaml").write_text(text)
    return space


def test_two_hundred_stages_load_in_five_seconds(workspace: Workspace) -> None:
    items = "".join(
        f"  s{n}: {{cmd: echo {n}, deps: [stage.py, {f'data/{n - 1}' if n else 'shipped'}], outs: [data/{n}]}}\n"
        for n in range(STAGES)
    )
    with_graph(workspace, "stages:\n" + items)
    start = time.monotonic()
    definitions = build_definitions(workspace.root)
    graph = definitions.resolve_asset_graph()
    definitions.resolve_job_def(JOB)
    seconds = time.monotonic() - start
    assert len(graph.get_all_asset_keys()) == STAGES + 1  # and the file from outside
    assert seconds < LIMIT_S


def test_owners_sources_and_matrix_items(workspace: Workspace) -> None:
    with_graph(workspace, OUTSIDE)
    (workspace.root / "tables").mkdir()
    (workspace.root / "tables/in.csv").write_text("a\n1\n")
    graph = build_definitions(workspace.root).resolve_asset_graph()
    source = source_key("tables/in.csv")

    assert source == dg.AssetKey(["source", "tables", "in.csv"])
    assert graph.get(dg.AssetKey("read")).parent_keys == {source}
    assert not graph.get(source).is_executable
    assert graph.get(dg.AssetKey("read")).owners == ["data@example.org"]
    assert graph.get(dg.AssetKey(["sweep", "small-1"])).owners == [OWNER]
    assert graph.get(dg.AssetKey(["sweep", "large-2"])).parent_keys == {dg.AssetKey("read")}


def test_the_version_of_a_source_is_what_was_read(workspace: Workspace) -> None:
    with_graph(workspace, OUTSIDE)
    (workspace.root / "tables").mkdir()
    (workspace.root / "tables/in.csv").write_text("a\n1\n")
    workspace.dvc("repro", "read")
    events, _ = tick(workspace, dg.DagsterInstance.ephemeral())
    observed = events["source/tables/in.csv"]
    assert isinstance(observed, dg.AssetObservation)
    assert observed.tags[DATA_VERSION] == recorded_outs(workspace.root, "read")[0].md5  # a copy has the same bytes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: {cmd: x, deps: [b], outs: [a]}, b: {cmd: x, deps: [a], outs: [b]}", "defined as both a dependency and an"),
        ("a: {cmd: x, outs: [a]}, b: {cmd: x, outs: [a]}", "output 'a' is specified in"),
        ("a: {cmd: x, outs: [a]}, a: {cmd: x, outs: [b]}", "YAML file structure is corrupted"),
        ("'a/../b': {cmd: x, outs: [a]}", "rename it"),
        ("a: {foreach: ['x;rm'], do: {cmd: x, outs: ['${item}']}}", "stage 'a@x;rm' of dvc.yaml becomes"),
        ("a: {cmd: x, deps: [stage.py]}", "stage 'a' of dvc.yaml has no out"),
        ("a: {cmd: x, params: [nothing.here], outs: ['${nothing}']}", "cannot be used"),
    ],
)
def test_a_graph_that_cannot_be_used_is_refused_in_words(workspace: Workspace, text: str, said: str) -> None:
    with_graph(workspace, f"stages: {{{text}}}\n")
    with pytest.raises(ConfigError, match=said.replace(";", r"\;")):
        read_graph(workspace.root)


@pytest.mark.parametrize("text", [":::\n - [", "stages: 3\n", "stages: {first: {outs: 5}}\n", "\0\0", "- a\n"])
def test_a_damaged_lock_is_refused_in_words(template: Workspace, tmp_path: Path, text: str) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(template.root, root)
    (root / "dvc.lock").write_text(text)
    with pytest.raises(ConfigError, match=r"git checkout dvc\.lock"):
        recorded_outs(root, "first")
    with pytest.raises(ConfigError, match=r"dvc\.lock"):
        read_graph(root)


def test_one_trainer_and_one_index_writer_at_a_time() -> None:
    nodes = {node.name: node.pool for node in read_graph(Path(__file__).resolve().parents[2])}
    assert {name for name, pool in nodes.items() if pool == "trainer"} == {
        "base_model",
        "sft",
        "grpo_text",
        "grpo_multimodal",
    }
    assert {name for name, pool in nodes.items() if pool == "index_writer"} == {"index", "case_index"}
