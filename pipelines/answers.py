"""The final model's answers, right or wrong, one by one: what versions are compared by."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict

from pipelines.gate import Answers
from pipelines.paths import Paths

FINAL_RUNGS = ("cdir", "grpo_multimodal")  # as deployed: with re-retrieval where it was measured
COLUMNS = ("benchmark", "question_id", "fact", "correct")


def answers_of(paths: Paths) -> dict[str, dict[str, tuple[str, bool]]]:
    """The final model's verdicts of the last evaluation; {} where it left none."""
    file = paths.evaluation / "per_question.jsonl"
    if not file.is_file():
        return {}
    by_rung: dict[str, dict[str, dict[str, tuple[str, bool]]]] = defaultdict(lambda: defaultdict(dict))
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            verdict = row["verdict"]
            by_rung[row["rung"]][row["cell"]][verdict["question_id"]] = (verdict["cluster"], bool(verdict["correct"]))
    first, second = (by_rung[name] for name in FINAL_RUNGS)
    return {**second, **first}


def write_answers(answers: Answers) -> str:
    """CSV, one line an answer, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for benchmark, by_question in sorted(answers.items()):
        writer.writerows(
            (benchmark, question, fact, int(right)) for question, (fact, right) in sorted(by_question.items())
        )
    return text.getvalue()


def read_answers(text: str) -> dict[str, dict[str, tuple[str, bool]]]:
    """What `write_answers` wrote."""
    answers: dict[str, dict[str, tuple[str, bool]]] = defaultdict(dict)
    for row in csv.DictReader(io.StringIO(text)):
        answers[row["benchmark"]][row["question_id"]] = (row["fact"], row["correct"] == "1")
    return dict(answers)
