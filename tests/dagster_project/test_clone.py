"""A second clone with the remote: `dvc pull` and `dvc repro` bring everything and run nothing."""

from __future__ import annotations

from pathlib import Path

from .conftest import Workspace

AUTHOR = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")


def test_a_second_clone_runs_no_stage(workspace: Workspace, tmp_path: Path) -> None:
    workspace.dvc("remote", "add", "-q", "--default", "store", str(tmp_path / "remote"))
    workspace.dvc("repro", "-q")
    workspace.dvc("push", "-q")
    workspace.run("git", "add", "--all")
    workspace.run("git", *AUTHOR, "commit", "-q", "-m", "a run")
    ran = len(workspace.ran())
    assert ran == 5

    clone = Workspace(tmp_path / "clone")
    workspace.run("git", "clone", "-q", str(workspace.root), str(clone.root))
    clone.dvc("pull", "-q")
    said = clone.dvc("repro")

    assert clone.ran() == []
    assert "Data and pipelines are up to date." in said
    for path in ("data/first", "data/part/a", "data/reader.txt"):
        assert (clone.root / path).read_bytes() == (workspace.root / path).read_bytes()
    assert (clone.root / "dvc.lock").read_bytes() == (workspace.root / "dvc.lock").read_bytes()
