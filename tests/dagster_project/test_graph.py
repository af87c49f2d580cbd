"""Assets are derived from dvc.yaml, not written: names, templates, dependencies, groups and frozen stages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dagster_project.graph import overlap, read_graph

from .conftest import PARAMS, Workspace

REPOSITORY = Path(__file__).parents[2]


def test_stages_are_resolved_as_dvc_sees_them(workspace: Workspace) -> None:
    nodes = {node.name: node for node in read_graph(workspace.root)}

    assert list(nodes) == ["first", "shipped", "part@a", "part@b", "last", "reader"]
    assert nodes["part@a"].key == ("part", "a")
    assert nodes["part@b"].command == "python stage.py part b"
    assert nodes["part@a"].upstream == ("first",)
    assert nodes["last"].upstream == ("shipped", "part@a", "part@b")
    assert nodes["reader"].upstream == ("last",)
    assert (nodes["first"].group, nodes["first"].kinds) == ("data", ("python",))
    assert nodes["last"].group == "other"
    assert [name for name, node in nodes.items() if node.frozen] == ["shipped"]


def test_consumed_outs_are_those_that_another_stage_reads(workspace: Workspace) -> None:
    nodes = {node.name: node for node in read_graph(workspace.root)}

    assert nodes["last"].consumed == ("data/manifest.json",)  # nobody depends on data/table
    assert nodes["reader"].consumed == ("data/reader.txt",)  # nobody depends on it: all its outs
    assert nodes["first"].consumed == ("data/first",)


def test_code_version_follows_code_and_parameters_but_not_other_stages(workspace: Workspace) -> None:
    before = {node.name: node.code_version for node in read_graph(workspace.root)}
    workspace.set_params(PARAMS.replace("count: 3", "count: 4"))
    after_params = {node.name: node.code_version for node in read_graph(workspace.root)}
    (workspace.root / "stage.py").write_text("print()\n")
    after_code = {node.name: node.code_version for node in read_graph(workspace.root)}

    assert {name for name in before if before[name] != after_params[name]} == {"first"}
    assert {name for name in before if after_params[name] != after_code[name]} == {"first"}


def test_overlap_is_about_folders_not_prefixes() -> None:
    assert overlap("data/clinic", "data/clinic/documents")
    assert overlap("data/clinic/documents", "data/clinic")
    assert not overlap("data/index", "data/index_manifest.json")


def test_the_real_definitions_load_without_what_only_stages_need() -> None:
    heavy = "{'torch', 'transformers', 'mlflow', 'lancedb', 'great_expectations', 'matplotlib'}"
    script = (
        "import sys; from dagster_project.definitions import defs;"
        "print(len(defs.resolve_asset_graph().get_all_asset_keys()));"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    count, loaded = done.stdout.splitlines()
    assert int(count) == len(read_graph(REPOSITORY))
    assert loaded == "[]"
