"""Stratify (M13): always-right questions are dropped, the rest is easy or hard by accuracy."""

from __future__ import annotations

import random

from medrwr.curation.stratify import direct_answers, sampled_accuracy, stratify
from medrwr.policy.tiny import build_tiny_policy
from medrwr.types import Question


def question(index: int) -> Question:
    return Question(f"q{index}", f"Which drug is number {index}?", ("kemopril", "tarvexan", "dolmidone"), index % 3)


def test_m13_always_right_dropped_and_the_rest_split_above_the_median():
    """Kept are .1 .3 .3 .9: the lower middle is .3, so only .9 is easy; the one at 1.0 is dropped."""
    questions = [question(i) for i in range(5)]
    result = stratify(questions, [0.3, 1.0, 0.9, 0.1, 0.3])
    assert [(q.question_id, q.difficulty) for q in result.questions] == [
        ("q0", "hard"),
        ("q2", "easy"),
        ("q3", "hard"),
        ("q4", "hard"),
    ]
    assert (result.dropped, result.count("easy"), result.count("hard")) == (1, 1, 3)


def test_equal_accuracies_are_never_split():
    assert {q.difficulty for q in stratify([question(0), question(1)], [0.2, 0.2]).questions} == {"hard"}
    assert stratify([question(0)], [1.0]).questions == ()


def test_sampled_accuracy_follows_the_distribution():
    """Certain of the gold option: 1; of another: 0; half and half: near .5 over many rollouts."""
    draw = random.Random(0)
    assert sampled_accuracy((0.0, 1.0), 1, rollouts=10, draw=draw) == 1
    assert sampled_accuracy((0.0, 1.0), 0, rollouts=10, draw=draw) == 0
    assert abs(sampled_accuracy((0.5, 0.5), 0, rollouts=10_000, draw=draw) - 0.5) < 0.02


def test_direct_answers_are_a_distribution_over_each_questions_options(tmp_path):
    questions = [question(0), Question("two", "Is it so?", ("yes", "no"), 0)]
    policy = build_tiny_policy([q.text for q in questions], seed=0, vocab_size=400, width=64, layers=2, heads=2)
    probs = direct_answers(policy, questions, image_root=tmp_path)
    assert [len(row) for row in probs] == [3, 2]
    assert all(abs(sum(row) - 1) < 1e-9 for row in probs)
