"""Batch scoring: tables and folders to Parquet, bad rows aside, killed runs continued."""

from __future__ import annotations

import base64
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from medrwr.config import RolloutSettings
from medrwr.errors import ArtefactError, ConfigError, RetrievalError
from medrwr.policy.loading import Policy
from medrwr.rollout.engine import RolloutEngine
from medrwr.serving.answering import Answerer
from medrwr.serving.asking import Ask
from medrwr.serving.batch import BatchJob, LocalScorer, Progress, predict
from medrwr.serving.batch.rows import Source
from medrwr.serving.batch.scoring import Scored
from tests.rollout.world import DictionaryRetriever, question

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def answerer(trained: Policy) -> Answerer:
    return Answerer(RolloutEngine(trained, DictionaryRetriever(), RolloutSettings(batch_size=16)))


@pytest.fixture
def scorer(answerer: Answerer) -> LocalScorer:
    return LocalScorer(answerer, "tiny")


def rows_of(images: Path) -> list[dict[str, Any]]:
    """Two good image questions, one good text question, and five rows that are wrong each in its own way."""
    first, second, third = question(0, image=True), question(1, image=True), question(2)
    inside = base64.b64encode((images / second.images[0]).read_bytes()).decode()
    return [
        {"id": "path", "question": first.text, "options": list(first.options), "image": first.images[0]},
        {"id": "one option", "question": "What?", "options": ["kemopril"]},
        {"id": "base64", "question": second.text, "options": list(second.options), "image": inside},
        {"id": "no file", "question": "What?", "options": ["kemopril", "metoral"], "image": "absent.png"},
        {"id": "no question", "options": ["kemopril", "metoral"]},
        {"id": "text", "question": third.text, "options": list(third.options), "query": "smooth arc, treatment"},
        {"id": "no image", "question": "What?", "options": ["a", "b"], "image": base64.b64encode(b"nothing").decode()},
    ]


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    else:
        names = ["id", "question", "options", "image", "query"]
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, names, restval="")
            writer.writeheader()
            writer.writerows({**row, "options": "|".join(row["options"])} for row in rows)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_table_is_scored_and_bad_rows_are_told(
    kind: str, images: Path, scorer: LocalScorer, answerer: Answerer, tmp_path: Path
) -> None:
    table = write_table(tmp_path / f"questions.{kind}", rows_of(images))
    if kind != "jsonl":  # a column that one row has, all rows have
        rows = [
            {"id": None, "question": None, "options": [], "image": None, "query": None} | row for row in rows_of(images)
        ]
        write_table(table, rows)
    job = BatchJob(Source(table, images), tmp_path / "out.parquet", rows_a_part=3)
    progress = predict(job, scorer, lambda _: None)
    result = pq.read_table(job.output).to_pylist()
    assert [(row["row"], row["id"]) for row in result] == [(0, "path"), (2, "base64"), (5, "text")]
    first = question(0, image=True)
    (alone,) = answerer.answer([Ask(first.text, first.options, str(images / first.images[0]))])
    assert (result[0]["letter"], result[0]["answer"]) == (alone.answer, alone.answer_text)
    assert result[0]["option_probs"] == pytest.approx(alone.option_probs, abs=1e-5)
    assert result[2]["queries"][0] == "smooth arc, treatment"
    quarantine = [json.loads(line) for line in (tmp_path / "out.quarantine.jsonl").read_text().splitlines()]
    reasons = {one["record_id"]: one["reason"] for one in quarantine}
    assert "has 1 options, expected 2 to 10" in reasons["one option"]
    assert "neither an existing file nor base64" in reasons["no file"]
    assert "there is no question" in reasons["no question"]
    assert "cannot be decoded" in reasons["no image"]
    assert len(reasons) == progress.quarantined == 4 + (kind == "jsonl")
    assert not job.output.with_name("out.parquet.parts").exists()


def test_a_folder_of_scans_is_asked_one_question(
    images: Path, scorer: LocalScorer, tmp_path: Path, medical_data: Path
) -> None:
    """PNG and DICOM together; the DICOM file's picture is what counts."""
    folder = tmp_path / "scans"
    folder.mkdir()
    shutil.copy(images / "0.png", folder)
    shutil.copy(medical_data / "dicom/pydicom/test_files/MR_small.dcm", folder)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    known = question(0, image=True)
    job = BatchJob(Source(folder, folder, known.text, known.options), folder / "out.parquet")
    progress = predict(job, scorer, lambda _: None)
    assert [row["id"] for row in pq.read_table(job.output).to_pylist()] == ["0.png", "MR_small.dcm"]
    assert progress == Progress(done=3, total=3, quarantined=1, resumed=0)


class FailsOnce:
    """Fails at the second piece, as a retriever that went away would."""

    identity = "tiny"

    def __init__(self, inner: LocalScorer) -> None:
        self.inner, self.calls = inner, 0

    def score(self, asks: Sequence[Ask]) -> list[Scored | str]:
        self.calls += 1
        if self.calls == 2:
            raise RetrievalError("gone")
        return self.inner.score(asks)


def test_a_failed_run_goes_on_and_a_finished_one_rests(images: Path, scorer: LocalScorer, tmp_path: Path) -> None:
    known = question(0)
    rows = [{"question": known.text, "options": list(known.options)} for _ in range(5)]
    table = tmp_path / "questions.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    job = BatchJob(Source(table, images), tmp_path / "out.parquet", rows_a_part=2)
    failing = FailsOnce(scorer)
    with pytest.raises(RetrievalError):
        predict(job, failing, lambda _: None)
    assert not job.output.exists()
    seen: list[Progress] = []
    assert predict(job, failing, seen.append) == Progress(5, 5, 0, resumed=2)
    assert [one.done for one in seen] == [2, 4, 5]
    assert failing.calls == 4  # rows 1-2; 3-4, failed; 3-4; 5
    before = job.output.read_bytes()
    assert predict(job, failing, seen.append).resumed == 5
    assert (failing.calls, job.output.read_bytes()) == (4, before)


def test_results_of_another_run_are_left_alone(images: Path, scorer: LocalScorer, tmp_path: Path) -> None:
    table = tmp_path / "questions.jsonl"
    table.write_text(json.dumps({"question": "What?", "options": ["kemopril", "metoral"]}))
    job = BatchJob(Source(table, images), tmp_path / "out.parquet")
    predict(job, scorer, lambda _: None)
    table.write_text(json.dumps({"question": "Why?", "options": ["kemopril", "metoral"]}))
    with pytest.raises(ArtefactError, match="holds other results"):
        predict(job, scorer, lambda _: None)


@pytest.mark.parametrize(
    ("name", "message"),
    [("absent.jsonl", "does not exist"), ("table.txt", "of no known kind"), ("folder", "give --question and --option")],
)
def test_an_unusable_input_stops_before_the_work(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "table.txt").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=message):
        Source(tmp_path / name, tmp_path)


KILLED = """
import json, sys, time
from pathlib import Path
from medrwr.serving.batch import BatchJob, predict
from medrwr.serving.batch.rows import Source
from medrwr.serving.batch.scoring import Scored

class Slow:
    identity = "slow"
    def score(self, asks):
        time.sleep(0.2)
        flags = dict(calibrated=False, abstained=False, reretrieved=False, stop_reason="answered")
        nothing = dict(queries=(), sources=(), similar_cases=(), trajectory="[]", model="slow")
        return [Scored("A", ask.options[0], 0.5, option_probs=(0.5, 0.5), **flags, **nothing) for ask in asks]

folder = Path(sys.argv[1])
job = BatchJob(Source(folder / "questions.jsonl", folder), folder / "out.parquet", rows_a_part=2)
print(predict(job, Slow(), lambda done: None).resumed)
"""


def test_kill_9_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    rows = [{"id": f"q{number}", "question": "What?", "options": ["a", "b"]} for number in range(20)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(command, env=environment)
    pieces = tmp_path / "out.parquet.parts"
    deadline = time.monotonic() + 60
    while len(list(pieces.glob("*.parquet"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) >= 6
    assert pq.read_table(tmp_path / "out.parquet")["id"].to_pylist() == [f"q{number}" for number in range(20)]
