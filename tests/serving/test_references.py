"""Artefacts by path and digest: found, changed, missing, kept beyond the next run."""

from __future__ import annotations

from pathlib import Path

import pytest

from medrwr.errors import ArtefactError, DigestError
from medrwr.serving.references import STORE, keep, locate, prune, refer


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "models/sft").mkdir(parents=True)
    (tmp_path / "models/sft/model.safetensors").write_bytes(b"weights")
    (tmp_path / "models/sft/config.json").write_text("{}")
    (tmp_path / "data/index").mkdir(parents=True)
    (tmp_path / "data/index/random-name.lance").write_bytes(b"rows")
    (tmp_path / "data/index_manifest.json").write_text('{"digest": "abc"}')
    return tmp_path


def test_an_untouched_artefact_is_found(workspace: Path) -> None:
    reference = refer("checkpoint", "models/sft", workspace=workspace)
    assert locate(reference, [workspace]).path == workspace / "models/sft"


def test_a_changed_byte_is_refused(workspace: Path) -> None:
    reference = refer("checkpoint", "models/sft", workspace=workspace)
    (workspace / "models/sft/model.safetensors").write_bytes(b"weighty")
    with pytest.raises(DigestError, match=rf"checkpoint was registered with digest {reference.sha256[:12]}"):
        locate(reference, [workspace])


def test_an_added_or_renamed_file_is_refused(workspace: Path) -> None:
    reference = refer("checkpoint", "models/sft", workspace=workspace)
    (workspace / "models/sft/config.json").rename(workspace / "models/sft/other.json")
    with pytest.raises(DigestError):
        locate(reference, [workspace])


def test_a_missing_artefact_is_named(workspace: Path, tmp_path: Path) -> None:
    reference = refer("checkpoint", "models/sft", workspace=workspace)
    elsewhere = tmp_path / "elsewhere"
    with pytest.raises(ArtefactError, match=r"checkpoint models/sft is not in .*elsewhere.*dvc checkout"):
        locate(reference, [elsewhere])
    with pytest.raises(ArtefactError, match=r"expected an artefact|expected a file"):
        refer("checkpoint", "models/grpo", workspace=workspace)


def test_an_index_is_known_by_its_manifest(workspace: Path) -> None:
    """LanceDB's files have random names: the same content, built again, is the same index."""
    reference = refer("index", "data/index", workspace=workspace, manifest="data/index_manifest.json")
    (workspace / "data/index/random-name.lance").rename(workspace / "data/index/another-name.lance")
    located = locate(reference, [workspace])
    assert (located.path, located.manifest) == (workspace / "data/index", workspace / "data/index_manifest.json")
    (workspace / "data/index_manifest.json").write_text('{"digest": "xyz"}')
    with pytest.raises(DigestError):
        locate(reference, [workspace])


def test_the_second_workspace_is_looked_at_too(workspace: Path, tmp_path: Path) -> None:
    reference = refer("checkpoint", "models/sft", workspace=workspace)
    assert locate(reference, [tmp_path / "gone", workspace]).path == workspace / "models/sft"


def test_what_is_kept_survives_the_next_run(workspace: Path) -> None:
    """DVC deletes a stage's outs and the stage writes new files: the old ones live on in the store, uncopied."""
    reference = refer("checkpoint", "models/sft", workspace=workspace)
    root = keep(reference, workspace)
    weights = workspace / "models/sft/model.safetensors"
    assert (root / "models/sft/model.safetensors").samefile(weights)
    weights.unlink()
    weights.write_bytes(b"of the next run")
    assert (locate(reference, [workspace]).path / "model.safetensors").read_bytes() == b"weights"


def test_keeping_twice_is_keeping_once(workspace: Path) -> None:
    reference = refer("index", "data/index", workspace=workspace, manifest="data/index_manifest.json")
    root = keep(reference, workspace)
    before = sorted(path.relative_to(root) for path in root.rglob("*"))
    keep(reference, workspace)
    assert sorted(path.relative_to(root) for path in root.rglob("*")) == before


def test_pruning_leaves_what_is_referred_to(workspace: Path) -> None:
    old = refer("checkpoint", "models/sft", workspace=workspace)
    keep(old, workspace)
    (workspace / "models/sft/config.json").unlink()
    new = refer("checkpoint", "models/sft", workspace=workspace)
    kept = keep(new, workspace)
    prune([new], workspace)
    assert list((workspace / STORE).iterdir()) == [kept]
