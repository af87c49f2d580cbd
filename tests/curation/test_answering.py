"""Policies answer each question n times (M13); a killed run goes on, another policy or question is another answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from medrwr.config import RolloutSettings
from medrwr.curation.answering import Answering, Tally, answer_often
from medrwr.policy.loading import Policy
from medrwr.policy.tiny import build_tiny_policy
from medrwr.records import read_records
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.types import Answer, Question, StopReason, Trajectory
from tests.rollout.world import DictionaryRetriever, corpus, draw_images, question

QUESTIONS = [question(number, image=image) for number in range(4) for image in (False, True)]
ANSWERING = Answering("policy-1", mode="letters", rollouts=4)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def policy() -> Policy:
    """Untrained: it answers anything."""
    return build_tiny_policy(corpus(), seed=0, vocab_size=640, width=64, layers=1, heads=2)


@dataclass
class ScriptedEngine:
    """Answers with these letters in turn."""

    letters: Sequence[str | None]

    def run(self, requests: Sequence[RolloutRequest]) -> list[Trajectory]:
        ids = [request.question.question_id for request in requests]
        return [
            Trajectory(one, (), (), (), (), (), Answer(letter), StopReason.ANSWERED)
            for one, letter in zip(ids, self.letters, strict=True)
        ]


def test_m13_right_answers_are_counted_question_by_question(root: Path, tmp_path: Path) -> None:
    """Golds are A (q0t) and B (q1t): of A A B - the first has 2, of B B B A the second 3; no answer is a wrong one."""
    engine = ScriptedEngine(["A", "A", "B", None, "B", "B", "B", "A"])
    tallies = answer_often(
        lambda: cast(RolloutEngine, engine),
        [question(0), question(1)],
        replace(ANSWERING, mode="direct"),
        image_root=root,
        kept=tmp_path / "kept.jsonl",
    )
    assert [(tally.question_id, tally.right, tally.played) for tally in tallies] == [("q0t", 2, 4), ("q1t", 3, 4)]


def run(policy: Policy, root: Path, kept: Path, answering: Answering, questions: list[Question]) -> list[Tally]:
    settings = RolloutSettings(max_turns=1, batch_size=32)
    engine = RolloutEngine(policy, DictionaryRetriever(), settings)
    return answer_often(lambda: engine, questions, answering, image_root=root, kept=kept)


def never() -> RolloutEngine:
    raise AssertionError("every answer is there: no policy has to be opened")


@pytest.mark.parametrize("mode", ["letters", "direct", "reasoning"])
def test_m13_each_question_is_answered_n_times_and_never_again(
    mode: str, policy: Policy, root: Path, tmp_path: Path
) -> None:
    answering = replace(ANSWERING, mode=mode)
    kept = tmp_path / "kept.jsonl"
    first = run(policy, root, kept, answering, QUESTIONS)
    assert [tally.question_id for tally in first] == [asked.question_id for asked in QUESTIONS]
    assert all(tally.played == 4 and 0 <= tally.right <= 4 for tally in first)
    assert answer_often(never, QUESTIONS, answering, image_root=root, kept=kept) == first


def test_letters_are_drawn_whatever_is_right(policy: Policy, root: Path, tmp_path: Path) -> None:
    """The same 4 draws are counted against each of the four options: together they are all of them."""
    asked = [replace(QUESTIONS[0], answer=answer) for answer in range(4)]
    counts = [run(policy, root, tmp_path / f"{one.answer}.jsonl", ANSWERING, [one])[0].right for one in asked]
    assert sum(counts) == 4


def test_a_torn_line_is_answered_again_with_the_same_result(policy: Policy, root: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    whole = run(policy, root, kept, ANSWERING, QUESTIONS)
    lines = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    assert run(policy, root, kept, ANSWERING, QUESTIONS) == whole
    assert len(read_records(kept, Tally)[0]) == 8


def test_other_questions_images_policies_and_settings_are_other_answers(root: Path, tmp_path: Path) -> None:
    asked = QUESTIONS[1]
    keys = {
        ANSWERING.key(asked, root),
        ANSWERING.key(replace(asked, text="Another one?"), root),
        ANSWERING.key(replace(asked, images=("2.png",)), root),
        replace(ANSWERING, policy="policy-2").key(asked, root),
        replace(ANSWERING, rollouts=5).key(asked, root),
        replace(ANSWERING, mode="reasoning").key(asked, root),
    }
    assert len(keys) == 6
