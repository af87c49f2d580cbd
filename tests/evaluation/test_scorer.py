"""The scorer: letters only; unparsed is wrong and counted (reference-review: evaluation habits to avoid)."""

import pytest

from medrwr.errors import SampleError
from medrwr.evaluation.scorer import by_choice, judge, judge_all, summarise
from medrwr.types import LETTERS, StopReason
from tests.evaluation.fakes import question, trajectory


def test_rates_by_hand():
    """Four questions, gold A: right with a query, wrong, unparsed, right when forced."""
    questions = [question(number) for number in range(4)]
    trajectories = [
        trajectory(questions[0], "A", confidence=0.8, query="ring", passages=("Treated first with KEMOPRIL.",)),
        trajectory(questions[1], "B", confidence=0.6, query="ring", passages=("Kemoprilat is another drug.",)),
        trajectory(questions[2], None, stop=StopReason.LENGTH),
        trajectory(questions[3], "A", confidence=0.4, stop=StopReason.FORCED),
    ]
    score = summarise(judge_all(questions, trajectories))
    assert (score.questions, score.right, score.accuracy) == (4, 2, 0.5)
    assert score.parse_rate == 0.75
    assert score.query_rate == 0.5
    assert score.forced_rate == 0.25
    assert score.gold_retrieved_rate == 0.25  # "Kemoprilat" does not contain the word kemopril
    assert score.mean_confidence == pytest.approx(0.6)


def test_a_letter_that_the_question_lacks_is_not_parsed():
    asked = question(1, options=("yes", "no"))
    verdict = judge(asked, trajectory(question(1), "C"))
    assert (verdict.parsed, verdict.correct, verdict.letter, verdict.confidence) == (False, False, None, None)


def test_ten_options_go_to_j():
    asked = question(1, answer=9, options=tuple(f"option {letter}" for letter in LETTERS))
    assert judge(asked, trajectory(asked, "J")).correct
    assert not judge(asked, trajectory(asked, "A")).correct


def test_no_answer_is_wrong_whatever_the_gold_letter():
    for answer in range(4):
        asked = question(1, answer=answer)
        assert not judge(asked, trajectory(asked, None)).correct


def test_questions_without_a_fact_are_their_own_cluster():
    assert judge(question(1), trajectory(question(1), "A")).cluster == "q1"
    assert judge(question(1, fact="f7"), trajectory(question(1), "A")).cluster == "f7"


def test_a_rollout_must_keep_the_order():
    one, two = question(1), question(2)
    with pytest.raises(SampleError, match="trajectory of 'q2' for question 'q1'"):
        judge_all([one, two], [trajectory(two, "A"), trajectory(one, "A")])


def test_a_rollout_must_answer_all():
    with pytest.raises(SampleError, match="0 trajectories for 1 questions"):
        judge_all([question(1)], [])


def test_duplicate_ids_are_refused():
    one = question(1)
    with pytest.raises(SampleError, match="'q1' occurs twice"):
        judge_all([one, one], [trajectory(one, "A")] * 2)


def test_nothing_to_score():
    with pytest.raises(SampleError, match="0 answers"):
        summarise([])


def test_an_invented_option_scores_nothing_but_its_letter_is_known():
    """q0 wrote what is no option, leaning to A (gold); q1 likewise, leaning to C; q2 broke off before its answer."""
    questions = [question(number) for number in range(3)]
    verdicts = judge_all(
        questions,
        [
            trajectory(questions[0], None, probs=(0.7, 0.1, 0.1, 0.1)),
            trajectory(questions[1], None, probs=(0.1, 0.2, 0.6, 0.1)),
            trajectory(questions[2], None, stop=StopReason.LENGTH),
        ],
    )
    assert summarise(verdicts).accuracy == 0.0
    assert [verdict.choice for verdict in verdicts] == ["A", "C", None]
    read = summarise(by_choice(verdicts))
    assert (read.accuracy, read.parse_rate) == (1 / 3, 2 / 3)


def test_by_choice_can_overrule_what_was_written():
    asked = question(1)
    (verdict,) = by_choice([judge(asked, trajectory(asked, "B", probs=(0.6, 0.4, 0.0, 0.0)))])
    assert (verdict.letter, verdict.correct) == ("A", True)
