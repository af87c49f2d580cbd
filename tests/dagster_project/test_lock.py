"""Data versions come from dvc.lock."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dagster_project.lock import RecordedOut, data_version, recorded_outs

LOCK = """\
schema: '2.0'
stages:
  last:
    cmd: python stage.py last
    outs:
    - {path: data/manifest.json, hash: md5, md5: aaa, size: 11}
    - {path: data/table, hash: md5, md5: bbb.dir, size: 4, nfiles: 2}
"""


def test_outs_are_read_from_the_lock(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(LOCK)

    assert recorded_outs(tmp_path, "last") == (
        RecordedOut("data/manifest.json", "aaa", 11, 1),
        RecordedOut("data/table", "bbb.dir", 4, 2),
    )
    assert recorded_outs(tmp_path, "never_ran") == ()
    assert recorded_outs(tmp_path / "elsewhere", "last") == ()


def test_one_consumed_out_gives_its_md5_and_several_a_digest_of_all() -> None:
    outs = [RecordedOut("b", "2", 1, 1), RecordedOut("a", "1", 1, 1)]

    assert data_version(outs, ["a"]) == "1"
    assert data_version(outs, ["b", "a"]) == hashlib.sha256(b"a 1\nb 2").hexdigest()[:32]  # by path, not by order
    assert data_version(outs, ["c"]) is None
