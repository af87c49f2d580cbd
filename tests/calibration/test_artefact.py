"""calibration.json (M27)."""

import dataclasses
import json

import pytest

from medrwr.calibration.artefact import Calibration, Digests, digests_of, read_calibration, write_calibration
from medrwr.errors import ArtefactError, DigestError

DIGESTS = Digests(model="a" * 64, index="b" * 64, case_index="c" * 64)
RECORD = Calibration(temperature=2.0, threshold=0.6, method="budget", digests=DIGESTS, answers=4, notes=("small",))


def test_m27_what_is_written_is_read(tmp_path):
    path = tmp_path / "reports/calibration.json"
    write_calibration(path, RECORD)
    first = path.read_bytes()
    assert read_calibration(path, expected=DIGESTS) == RECORD
    write_calibration(path, RECORD)
    assert path.read_bytes() == first


@pytest.mark.parametrize("part", ["model", "index", "case_index"])
def test_another_model_or_index_needs_another_calibration(tmp_path, part):
    path = tmp_path / "calibration.json"
    write_calibration(path, RECORD)
    with pytest.raises(DigestError, match=rf"made for {part} .*dvc repro calibrate"):
        read_calibration(path, expected=dataclasses.replace(DIGESTS, **{part: "d" * 64}))


def test_missing_damaged_or_of_another_schema(tmp_path):
    path = tmp_path / "calibration.json"
    with pytest.raises(ArtefactError, match="does not exist"):
        read_calibration(path)
    path.write_text('{"temperature": "warm"}')
    with pytest.raises(ArtefactError, match="no calibration"):
        read_calibration(path)
    path.write_text(json.dumps({**dataclasses.asdict(RECORD), "schema": 99}))
    with pytest.raises(ArtefactError, match="schema 99"):
        read_calibration(path)


def test_digests_follow_content_not_time(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_bytes(b"one")
    for name in ("index.json", "cases.json"):
        (tmp_path / name).write_text("{}")
    made = digests_of(model, tmp_path / "index.json", tmp_path / "cases.json")
    (model / "weights").write_bytes(b"one")
    assert digests_of(model, tmp_path / "index.json", tmp_path / "cases.json") == made
    (model / "weights").write_bytes(b"two")
    assert digests_of(model, tmp_path / "index.json", tmp_path / "cases.json").model != made.model
    with pytest.raises(ArtefactError, match="holds no file"):
        digests_of(tmp_path / "none", tmp_path / "index.json", tmp_path / "cases.json")
