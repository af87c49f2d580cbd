"""calibration.json (M27)."""

import dataclasses
import json

import pytest

from medrwr.calibration.artefact import Calibration, Digests, digests_of, read_calibration, write_calibration
from medrwr.calibration.certified import Certificate, Promise
from medrwr.errors import ArtefactError, DigestError
from medrwr.rollout.confidence import ConfidenceMap, ConfidenceScale

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


def test_a_file_of_schema_1_is_read_by_its_temperature(tmp_path):
    """(.8, .2) at T = 2 is 2 : 1, as such a file meant it."""
    path = tmp_path / "calibration.json"
    old = {**dataclasses.asdict(RECORD), "schema": 1}
    del old["scale"], old["second_scale"], old["certificate"]
    path.write_text(json.dumps(old))
    assert read_calibration(path).confidence_scale.of((0.8, 0.2), 0) == pytest.approx(2 / 3)


def test_scales_by_number_of_options_come_back(tmp_path):
    path = tmp_path / "calibration.json"
    four = ConfidenceMap("isotonic", knots=((0.2, 0.1), (0.8, 0.7)), answers=40)
    scale = ConfidenceScale(ConfidenceMap("platt", slope=0.5, intercept=-0.1), {4: four})
    write_calibration(path, dataclasses.replace(RECORD, scale=scale, second_scale=scale))
    assert read_calibration(path).scale == scale


def test_numbers_of_options_that_were_not_seen_are_named():
    fitted = dataclasses.replace(RECORD, scale=ConfidenceScale(by_options={4: ConfidenceMap("platt")}))
    assert fitted.unseen([4, 5, 2, 5]) == (2, 5)
    assert RECORD.unseen([4]) == ()


def test_a_certificate_comes_back(tmp_path):
    path = tmp_path / "calibration.json"
    certificate = Certificate(Promise("right_to_wrong", 0.02, 0.1), 0.4, 200, 200, 0, 0.0114)
    write_calibration(path, dataclasses.replace(RECORD, certificate=certificate))
    assert read_calibration(path).certificate == certificate


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
