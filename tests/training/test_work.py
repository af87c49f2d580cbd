"""Work folders: only whole checkpoints of the same inputs are resumed."""

from __future__ import annotations

from medrwr.training.work import WorkFolder, digest_of


def checkpoint(folder, step, state='{"global_step": 1}'):
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "model.safetensors").write_bytes(b"weights")
    if state is not None:
        (path / "trainer_state.json").write_text(state)
    return path


def test_last_whole_checkpoint_wins_and_broken_ones_go(tmp_path):
    """Step 9 is before step 20 by number, not by name; 40 was cut in its state, 60 before it."""
    work = WorkFolder(tmp_path, "a")
    checkpoint(work.path, 9)
    expected = checkpoint(work.path, 20)
    cut, stateless = checkpoint(work.path, 40, state='{"global_s'), checkpoint(work.path, 60, state=None)
    assert work.open() == expected
    assert not cut.exists()
    assert not stateless.exists()


def test_checkpoints_of_other_inputs_are_not_resumed(tmp_path):
    checkpoint(WorkFolder(tmp_path, "old").path, 20)
    new = WorkFolder(tmp_path, "new")
    assert new.open() is None
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    new.remove()
    assert not tmp_path.exists()


def test_digest_depends_on_values_not_on_the_order_of_keys():
    assert digest_of({"a": 1, "b": {"c": [1, 2]}}) == digest_of({"b": {"c": [1, 2]}, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
