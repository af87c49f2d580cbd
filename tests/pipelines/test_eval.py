"""`medrwr eval`: a policy on a benchmark, killed and continued; images that cannot be read; bad requests."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from medrwr.config import RolloutSettings
from medrwr.errors import ArtefactError, ConfigError, SampleError
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.runs.answered import answered_closed
from medrwr.evaluation.runs.folder import PER_QUESTION, RunFolder
from medrwr.policy.loading import Policy
from medrwr.records import write_records
from medrwr.rollout.engine import RolloutEngine
from medrwr.serving.answering import Answerer
from pipelines.arms import request_of
from pipelines.benchmarking.asked import Asked, Selection, places_of, read_asked
from pipelines.benchmarking.ordering import in_orders
from pipelines.benchmarking.playing import Manner, Player
from pipelines.benchmarking.running import Answers, claim_of, confidence_of, play_all, summarise_all, write_run
from pipelines.benchmarking.subject import Subject
from pipelines.cli.eval import Request
from pipelines.cli.eval import run as evaluate
from pipelines.cli.main import main
from tests.evaluation.fakes import question as fake_question
from tests.evaluation.fakes import trajectory
from tests.pipelines.workspaces import make_workspace
from tests.rollout.world import DictionaryRetriever, build_policy, draw_images, question


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve questions in the clinic's form; the image of one is no picture, that of another is missing."""
    root = tmp_path_factory.mktemp("data")
    draw_images(root)
    (root / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    asked = [question(number, image=number % 2 == 1) for number in range(12)]
    asked[3] = replace(asked[3], images=("broken.png",))
    asked[5] = replace(asked[5], images=("absent.png",))
    write_records(root / "questions/test.jsonl", asked)
    return root


@pytest.fixture(scope="module")
def policy(data: Path) -> Policy:
    return build_policy(data)


@pytest.fixture
def subject(policy: Policy) -> Subject:
    engine = RolloutEngine(policy, DictionaryRetriever(), RolloutSettings(batch_size=4))
    return Subject("tiny", Answerer(engine), {"checkpoint": "c" * 64, "index": "i" * 64}, {"rollout": {}})


GREEDY = Manner()


def start(
    folder: Path, subject: Subject, data: Path, *, manner: Manner = GREEDY, stop_after: int = 0
) -> tuple[Answers, list[Asked]]:
    """A run; `stop_after` batches it is killed."""
    selection = Selection()
    asked = [read_asked("clinic", str(data), selection, unpacked=folder)]
    run = RunFolder(folder)
    answers = Answers({one.name: one for one in run.begin(claim_of(subject, asked, selection, manner))})
    batches = 0

    def progress(_done: int, _total: int, _label: str) -> None:
        nonlocal batches
        batches += 1
        if batches == stop_after:
            raise KeyboardInterrupt

    play_all(run, answers, Player(subject.answerer, manner), asked, progress)
    return answers, asked


def test_m28_a_run_is_judged_and_what_cannot_be_asked_is_counted(tmp_path: Path, subject: Subject, data: Path) -> None:
    answers, asked = start(tmp_path, subject, data)
    (summary,) = summarise_all(answers, asked, Resampling(samples=200))
    assert summary.records == 12
    assert summary.closed is not None
    assert summary.closed.score.questions == 10
    requests = [request_of(one, data) for one in asked[0].items if one.question_id != "q3i"]
    letters = [one.answer.letter for one in subject.answerer.engine.run(requests, temperature=0.0)]
    golds = [request.question.gold_letter for request in requests]
    assert summary.closed.score.right == sum(map(str.__eq__, golds, map(str, letters)))
    assert summary.closed.score.query_rate == 1.0
    broken = "image .. cannot be decoded ..: replace it, or drop its question"
    assert summary.excluded == {"image .. is missing": 1, broken: 1}
    page = write_run(RunFolder(tmp_path), subject, answers, asked, [summary])
    assert page.read_text().startswith("<!doctype html>")
    figures = json.loads((tmp_path / "summary.json").read_text())["benchmarks"][0]
    assert figures["closed"]["score"]["right"] == summary.closed.score.right
    left_out = [json.loads(line) for line in (tmp_path / "excluded.jsonl").read_text().splitlines()]
    assert {one["record_id"] for one in left_out} == {"q3i", "q5i"}


def test_a_killed_run_asks_only_what_is_left(tmp_path: Path, subject: Subject, data: Path) -> None:
    whole, _ = start(tmp_path / "whole", subject, data)
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "killed", subject, data, stop_after=1)
    before = (tmp_path / "killed" / PER_QUESTION).read_text()
    answers, _ = start(tmp_path / "killed", subject, data)
    after = (tmp_path / "killed" / PER_QUESTION).read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 10
    assert {name: one.verdict.letter for name, one in answers.found.items()} == {
        name: one.verdict.letter for name, one in whole.found.items()
    }


def test_a_run_over_other_inputs_is_refused(tmp_path: Path, subject: Subject, data: Path) -> None:
    start(tmp_path, subject, data)
    with pytest.raises(ArtefactError, match=r"digests.index \(iiiiiiiiiiii.. there"):
        start(tmp_path, replace(subject, digests={**subject.digests, "index": "j" * 64}), data)
    with pytest.raises(ArtefactError, match=r"settings\.arm"):
        start(tmp_path, subject, data, manner=Manner("no_retrieval"))


def test_m29_arms_ask_differently(tmp_path: Path, subject: Subject, data: Path) -> None:
    answers, _ = start(tmp_path, subject, data, manner=Manner("no_retrieval"))
    assert all(not one.queries for one in answers.found.values())
    assert all(one.verdict.parsed for one in answers.found.values())


def test_m27_confidence_of_the_answers_read_by_hand() -> None:
    """.75 twice, right once and wrong once, one not read: ECE |.5 - .75|, Brier (.0625 + .5625) / 2, constant 1/4."""
    asked = fake_question(0)
    answers = [
        answered_closed("set", asked, trajectory(asked, letter, confidence=0.75), "c") for letter in ("A", "B", None)
    ]
    figures = confidence_of(answers)
    assert figures["answers"] == 2
    assert (figures["ece"], figures["brier"], figures["brier_constant"]) == pytest.approx((0.25, 0.3125, 0.25))
    assert figures["auroc"] == pytest.approx(0.5)
    assert confidence_of(answers[2:]) == {}


def test_m31_two_runs_are_compared_by_command(
    tmp_path: Path,
    subject: Subject,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path))
    right = []
    for name, manner in (("own", Manner()), ("none", Manner("no_retrieval"))):
        answers, asked = start(tmp_path / name, subject, data, manner=manner)
        write_run(RunFolder(tmp_path / name), subject, answers, asked, summarise_all(answers, asked, Resampling(200)))
        right.append(sum(one.verdict.correct for one in answers.found.values()))
    monkeypatch.setattr(sys, "argv", ["medrwr", "compare", "none", "own"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert f"{100 * (right[0] - right[1]) / 10:+.1f}" in printed
    assert "Holm's correction for 1 comparison" in printed
    monkeypatch.setattr(sys, "argv", ["medrwr", "compare", "none", "own,none", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "differ in settings other than the seed" in capsys.readouterr().err


def test_completions_of_another_model_are_scored_alike(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 11 questions: one right, one wrong, one not read, eight without a completion; one is of no question.

    MIRAGE's way reads none of the three and puts in an A: the right letter of q0t and q4t, not of q1i."""
    monkeypatch.chdir(make_workspace(tmp_path))
    lines = [("q0t", "The answer is A."), ("q1i", "\\boxed{A}"), ("q4t", "no idea"), ("q99", "B")]
    rows = [json.dumps({"question_id": name, "completion": text}) for name, text in lines]
    (tmp_path / "given.jsonl").write_text("\n".join(rows))
    request = Request(("clinic",), (str(data),), completions=Path("given.jsonl"))
    folder = evaluate(request)
    closed = json.loads((folder / "summary.json").read_text())["benchmarks"][0]["closed"]
    assert (closed["score"]["right"], closed["score"]["questions"], closed["unparsed"]) == (1, 11, 9)
    assert closed["stops"] == {"no completion": 8, "given": 3}
    printed = capsys.readouterr().out
    assert "8 questions have no completion, and are wrong; 1 completions are of no question asked" in printed
    other = evaluate(replace(request, scoring="mirage"))
    assert other != folder
    closed = json.loads((other / "summary.json").read_text())["benchmarks"][0]["closed"]
    assert (closed["score"]["right"], closed["guessed"]) == (2, 3)
    for text, message in (
        ("{", r"given\.jsonl:1 is no completion"),
        (f"{rows[0]}\n{rows[0]}", "repeats question 'q0t'"),
    ):
        (tmp_path / "given.jsonl").write_text(text)
        with pytest.raises(ArtefactError, match=message):
            evaluate(request)


def test_a_question_is_asked_in_its_split_and_up_to_the_limit(tmp_path: Path) -> None:
    asked = [replace(question(n), split="train" if n < 2 else "test") for n in range(6)]
    write_records(tmp_path / "questions/test.jsonl", asked)
    found = read_asked("clinic", str(tmp_path), Selection("test", 3, 1), unpacked=tmp_path)
    assert len(found.items) == 3
    assert found.not_asked == {"of another split than test": 2, "beyond --limit": 1}
    again = read_asked("clinic", str(tmp_path), Selection("test", 3, 1), unpacked=tmp_path)
    assert again.digest == found.digest
    file = tmp_path / "questions/validation.jsonl"
    write_records(file, asked)
    with pytest.raises(SampleError, match="0 questions to ask"):
        read_asked("clinic", str(tmp_path), Selection("validation"), unpacked=tmp_path)


def test_one_folder_for_all_or_one_each(tmp_path: Path) -> None:
    (tmp_path / "medqa").mkdir()
    assert places_of(["medqa", "bioasq"], [str(tmp_path)]) == [
        ("medqa", str(tmp_path / "medqa")),
        ("bioasq", str(tmp_path)),
    ]
    assert places_of(["medqa", "bioasq"], ["a", "b"]) == [("medqa", "a"), ("bioasq", "b")]
    for names, data in ((["medqa", "bioasq", "clinic"], ["a", "b"]), (["medqa", "medqa"], ["a"]), ([""], ["a"])):
        with pytest.raises(ConfigError):
            places_of(names, data)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request(("vqarad",), ("x",)), "did you mean 'vqa-rad'"),
        (Request(("medqa",), ("nowhere",)), "is no file or folder"),
        (Request(("clinic",), ("DATA",), arm="best"), "--arm best is unknown"),
        (Request(("clinic",), ("DATA",), scoring="mirrage"), "did you mean 'mirage'"),
        (Request(("clinic",), ("DATA",), model="m", completions=Path("x")), "leave out --model"),
        (Request(("clinic",), ("DATA",), completions=Path("x")), "--completions x does not exist"),
        (Request(("clinic",), ("DATA",), only="both"), "--only both is unknown"),
        (Request(("clinic",), ("DATA",), seed=3), "--seed changes nothing at --temperature 0"),
        (Request(("clinic",), ("DATA",), model="modls"), "neither a folder nor models:/"),
        (Request(("clinic",), ("DATA",), split="tset"), "does not exist|unknown"),
    ],
)
def test_a_bad_request_stops_before_any_work(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, request_: Request, message: str
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path))
    given = replace(request_, data=tuple(str(data) if one == "DATA" else one for one in request_.data))
    with pytest.raises((ConfigError, ArtefactError), match=message):
        evaluate(given)
    assert not (tmp_path / "reports").exists()


def test_m31_options_in_several_orders_are_one_run(subject: Subject, data: Path, tmp_path: Path) -> None:
    """Twelve questions, two of them excluded, in three orders: 30 answers, and how consistent they are."""
    (asked,) = [read_asked("clinic", str(data), Selection(), unpacked=tmp_path)]
    orders = in_orders(asked, 3)
    assert [one.benchmark.name for one in orders] == ["clinic", "clinic#2", "clinic#3"]
    run = RunFolder(tmp_path / "run")
    answers = Answers({one.name: one for one in run.begin(claim_of(subject, orders, Selection(), GREEDY))})
    play_all(run, answers, Player(subject.answerer, GREEDY), orders, lambda *_: None)
    first, *others = summarise_all(answers, orders, Resampling(samples=100))
    assert first.consistency is not None
    assert (first.consistency.orders, first.consistency.same.questions) == (3, 10)
    assert [one.consistency for one in others] == [None, None]
    write_run(run, subject, answers, orders, [first, *others])
    assert "in 3 orders of the options: same answer" in (run.path / "report.md").read_text()
