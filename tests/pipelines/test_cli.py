"""The console script: quick help, readable output, one line for a mistake."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from medrwr.errors import ArtefactError
from medrwr.evaluation.examples import Example, Source, Step
from medrwr.records import write_records, write_text_atomic
from medrwr.serving.asking import Ask
from medrwr.serving.replies import Reply
from medrwr.serving.replies import Source as ReplySource
from medrwr.serving.replies import Step as ReplyStep
from pipelines.cli.example import example
from pipelines.cli.main import main
from pipelines.cli.rendering import print_reply
from pipelines.cli.summary import summary
from pipelines.paths import Paths
from tests.pipelines.workspaces import make_workspace

REPLY = Reply(
    answer="B",
    answer_text="metoral",
    parsed=True,
    confidence=0.714,
    option_probs=(0.286, 0.714),
    calibrated=True,
    re_retrieved=True,
    stop_reason="answered",
    trajectory=(
        ReplyStep("think", "a [ring]"),
        ReplyStep("query", "ring, treatment"),
        ReplyStep("answer", "B. metoral"),
    ),
    sources=(ReplySource("p1", "Tarvenosis", "medquad", "It is treated with metoral.", 0.9),),
    cases=(),
)


def shown(render: Any, *arguments: Any) -> str:
    stream = io.StringIO()
    render(*arguments, Console(file=stream, width=200, color_system=None))
    return stream.getvalue()


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["medrwr", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


def test_the_commands_load_nothing_heavy() -> None:
    script = "import sys, pipelines.cli.main; print({'torch', 'mlflow', 'numpy', 'lancedb'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_help_names_the_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--help") == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("ask", "summary", "example", "models", "promote", "rollback", "doctor"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--option", "kemopril", "--option", "metoral"], "question 1 is empty"),
        (["--question", "What?"], "has 0 options, expected 2 to 10"),
        (["--question", "What?", "--option", "kemopril"], "has 1 options"),
        (["--question", "What?", "--option", "a", "--option", "a"], "repeats an option"),
        (["--question", "What?", "--option", "a", "--option", "b", "--image", "no.png"], "neither an existing file"),
        (["--question", "What?", "--option", "a", "--option", "b", "--image", "broken.png"], "cannot be decoded"),
        (
            ["--question", "What?", "--option", "a", "--option", "b", "--model", "modls"],
            "neither a folder nor an MLflow",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path))
    Path("broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert run(monkeypatch, "ask", *arguments) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_asking_without_a_champion_says_what_to_do(
    tracked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(make_workspace(tracked))
    assert run(monkeypatch, "ask", "--question", "What?", "--option", "a", "--option", "b") == 1
    assert "no version of med-rwr is champion" in capsys.readouterr().err
    assert run(monkeypatch, "rollback", "--why", "regret") == 1
    assert "nothing to go back to" in capsys.readouterr().err


def test_a_reply_shows_the_way_to_the_answer_and_its_sources() -> None:
    text = shown(print_reply, Ask("What is the treatment?", ("kemopril", "metoral")), asdict(REPLY))
    assert [line.split() for line in text.splitlines() if line.startswith("think")] == [["think", "a", "[ring]"]]
    assert "B. metoral   confidence 71% (calibrated; similar cases were consulted)" in text
    assert "[1]" in text
    assert "medquad" in text
    assert text.index("think") < text.index("query") < text.index("sources")


def test_summary_lists_stages_in_order_with_their_sum(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    for name, seconds, megabytes in [("sft", 40.0, 900.0), ("knowledge_base_clinic", 2.5, 80.0), ("clinic", 8.0, 70.0)]:
        record = {"seconds": seconds, "peak_mb": megabytes, "headline": f"{name} done"}
        write_text_atomic(paths.timing(name), json.dumps(record))
    rows = [line.split() for line in shown(summary, tmp_path).splitlines()]
    names = [row[0] for row in rows]
    assert names[1:4] == ["clinic", "knowledge_base_clinic", "sft"]
    assert next(row for row in rows if row[0] == "all")[1:3] == ["50.5", "900"]
    assert ["evaluate", "-", "-", "has", "not", "run", "here"] in rows


def test_summary_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="no stage has run"):
        summary(tmp_path)


def test_the_worked_example_is_the_first_of_the_evaluation(tmp_path: Path) -> None:
    worked = Example(
        question_id="t1",
        cell="held_out_image",
        why="right, from what it retrieved",
        question="What is the treatment?",
        options=("kemopril", "metoral"),
        images=("images/t1.png",),
        steps=(Step("a ring", "ring", (Source("p1", "Tarvenosis", "Metoral.", 0.9),)), Step("metoral", None, ())),
        answer="B. metoral",
        gold="B. metoral",
        correct=True,
        confidence=0.8,
        calibrated=True,
    )  # fmt: skip
    write_records(Paths(tmp_path).evaluation / "examples.jsonl", [worked])
    text = shown(example, tmp_path)
    assert [line.split()[0] for line in text.splitlines()[4:9]] == ["think", "query", "passages", "think", "answer"]
    assert "[1] Tarvenosis: Metoral." in text
    assert "right   confidence 80% (calibrated)   (right, from what it retrieved)" in text
