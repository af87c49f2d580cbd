"""Temperature and threshold of one answered split (M27), from plain trajectories."""

import pytest

from medrwr.calibration.fitting import fit_calibration
from medrwr.config import CalibrateSettings
from medrwr.errors import SampleError
from medrwr.rollout.cdir import CdirRule, Reretrieval
from tests.evaluation.fakes import question, trajectory

RULE = CdirRule(threshold=2.0)
ALL = CalibrateSettings(method="temperature", budget=1.0)


def pair(asked, first, second=None):
    """First and second answer as (letter, confidence); None where the question was not asked again."""
    played = [trajectory(asked, one[0], confidence=one[1]) if one else None for one in (first, second)]
    return Reretrieval(played[0], played[1], played[1] or played[0])


def split(*answers):
    questions = [question(number) for number in range(len(answers))]
    return questions, [pair(asked, *answer) for asked, answer in zip(questions, answers, strict=True)]


def test_m27_the_temperature_makes_confidence_honest():
    """.9 and three times 1/30, right in 3 of 4: T makes it .75 and three times 1/12, so 27^(1/T) = 9, T = 1.5."""
    findings = fit_calibration(*split((("A", 0.9),), (("A", 0.9),), (("A", 0.9),), (("B", 0.9),)), ALL, RULE)
    assert findings.temperature == pytest.approx(1.5, abs=1e-4)
    assert findings.quality.before.ece == pytest.approx(0.15)
    assert findings.quality.after.ece == pytest.approx(0.0, abs=1e-4)


def test_m27_auto_takes_what_cross_validation_prefers_and_keeps_all_figures():
    """Never right below .6, nine times of ten above: temperature cannot say so, isotonic can."""
    answers = [(("B", 0.3 + n / 1000),) for n in range(150)] + [
        (("A" if n % 10 else "B", 0.7 + n / 1000),) for n in range(150)
    ]
    quality = fit_calibration(*split(*answers), CalibrateSettings(), RULE).quality
    assert quality.scaling == "isotonic"
    assert quality.after.ece < 0.01
    assert quality.ece_promised == quality.cross_validated["isotonic"].ece
    assert quality.after.brier < quality.after.brier_constant
    assert set(quality.cross_validated) == {"none", "temperature", "platt", "isotonic", "path"}
    assert quality.cross_validated["isotonic"].brier < quality.cross_validated["temperature"].brier


def test_m26_the_more_confident_answer_counts():
    """q0: wrong at .4, then right at .9: gained below .4. q1: wrong at .6, then right but at .5: not believed."""
    questions, pairs = split((("B", 0.4), ("A", 0.9)), (("B", 0.6), ("A", 0.5)), (("A", 0.9), ("A", 0.9)))
    choice = fit_calibration(questions, pairs, ALL, RULE).choice
    assert (choice.accuracy_without, choice.point.accuracy) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert choice.point.share == pytest.approx(1 / 3)
    always_new = fit_calibration(questions, pairs, ALL, CdirRule(2.0, arbitration="new")).choice
    assert always_new.point.accuracy == 1.0


def test_m27_the_budget_is_a_share_of_all_questions():
    answers = [(("B", 0.3 + n / 100), ("A", 0.9)) for n in range(5)] + [(("A", 0.9),)] * 5
    choice = fit_calibration(*split(*answers), CalibrateSettings(method="temperature", budget=0.3), RULE).choice
    assert (choice.point.share, choice.point.gained) == (0.3, 3)


def test_an_unparsed_answer_is_wrong_counted_and_asked_again_where_that_is_possible():
    """q0 broke off and cannot be asked again; q1's answer could not be read, its second is right."""
    unread = (None, 0.0)
    questions, pairs = split((unread,), (unread, ("A", 0.8)), (("A", 0.9), ("A", 0.9)), (("B", 0.9),))
    findings = fit_calibration(questions, pairs, ALL, RULE)
    assert (findings.answers, findings.unparsed, findings.asked_again) == (4, 2, 2)
    assert (findings.quality.before.answers, findings.quality.curve.answers) == (2, 2)
    choice = findings.choice
    assert (choice.accuracy_without, choice.point.accuracy, choice.point.share) == (0.25, 0.5, 0.25)


@pytest.mark.parametrize(("letter", "word"), [("A", "right"), ("B", "wrong")])
def test_one_class_only_is_a_reported_fallback(letter, word):
    findings = fit_calibration(*split(*[((letter, 0.9), (letter, 0.9))] * 3), ALL, RULE)
    assert findings.temperature == 1.0
    assert findings.quality.auroc is None
    assert findings.choice.point.threshold == 0.0
    assert f"all 3 answers are {word}" in findings.notes[0]
    assert "re-retrieval is off" in findings.notes[1]


def test_the_papers_fixed_threshold():
    settings = CalibrateSettings(threshold="fixed", fixed_threshold=0.8)
    findings = fit_calibration(*split((("B", 0.7), ("A", 0.9)), (("A", 0.9), ("A", 0.9))), settings, RULE)
    assert (findings.choice.method, findings.choice.point.threshold) == ("fixed", 0.8)


def test_m27_second_answers_are_read_by_what_became_of_second_answers():
    """First answers at .6 are right in 3 of 4, second ones at .9 never: their own scale keeps the first."""
    answers = [(("A" if n % 4 else "B", 0.6), ("C", 0.9)) for n in range(80)]
    answers += [(("A" if n % 2 else "B", 0.5), ("A" if n % 2 else "C", 0.8)) for n in range(40)]
    for second_scale, lost in (("shared", 60), ("own", 0)):
        settings = CalibrateSettings(method="platt", second_scale=second_scale, threshold="fixed", fixed_threshold=1)
        findings = fit_calibration(*split(*answers), settings, RULE)
        assert findings.choice.point.lost == lost
    assert findings.second_scale.of((0.9, 0.05, 0.05, 0.0), 0) < 0.2  # 20 of 120 are right
    assert "second answers: confidence does not tell right from wrong" in findings.notes[0]


def test_m27_a_certified_threshold_carries_its_certificate():
    """400 facts: .9 is right, .4 wrong. Half of them certify: answers above .65 err never, so below alpha = .1."""
    answers = [(("A", 0.9), ("A", 0.9)), (("B", 0.4), ("A", 0.9))] * 200
    settings = CalibrateSettings(method="none", threshold="certified")
    choice = fit_calibration(*split(*answers), settings, RULE, seed=3).choice
    assert (choice.method, choice.point.threshold) == ("certified", pytest.approx(0.65))
    assert choice.certificate.errors == 0
    assert 80 < choice.certificate.counted < 120
    assert choice.certificate.bound == pytest.approx(1 - 0.1 ** (1 / choice.certificate.counted))


def test_m27_flips_take_the_most_accurate_of_the_certified():
    """Below .4 all 300 are gained, between .4 and .8 all 100 are lost: certified and most accurate is .35 to .5."""
    answers = [(("B", 0.3), ("A", 0.9))] * 300 + [(("A", 0.6), ("B", 0.9))] * 100
    settings = CalibrateSettings(method="none", threshold="certified", risk="right_to_wrong", alpha=0.05)
    choice = fit_calibration(*split(*answers), settings, RULE, seed=3).choice
    assert (choice.point.gained, choice.point.lost) == (300, 0)


@pytest.mark.parametrize("risk", ["left_alone_error", "right_to_wrong"])
def test_what_cannot_be_certified_is_said_and_the_budget_used(risk):
    answers = [(("A", 0.9), ("A", 0.9)), (("B", 0.4), ("A", 0.9))] * 5
    settings = CalibrateSettings(threshold="certified", risk=risk, alpha=0.05, budget=0.5)
    findings = fit_calibration(*split(*answers), settings, RULE)
    assert findings.choice.certificate is None
    assert findings.choice.method == "budget"
    assert f"no threshold is feasible at alpha=0.05, delta=0.1, n=5 ({risk})" in findings.notes[-1]
    assert "takes 45 answers" in findings.notes[-1]


def test_one_fact_makes_no_two_halves():
    asked = [question(number, fact="f") for number in range(4)]
    pairs = [pair(one, ("A", 0.9), ("A", 0.9)) for one in asked]
    findings = fit_calibration(asked, pairs, CalibrateSettings(threshold="certified"), RULE)
    assert "nothing can be certified" in findings.notes[-1]


def test_no_answer_that_could_be_parsed_is_a_reported_fallback():
    """A policy that does not know the protocol yet: nothing is calibrated; a second answer may still help."""
    findings = fit_calibration(*split(((None, 0.0), ("A", 0.5)), ((None, 0.0),)), ALL, RULE)
    assert findings.quality is None
    assert (findings.temperature, findings.unparsed) == (1.0, 2)
    assert findings.choice.point.accuracy == 0.5
    assert "none of 2 answers could be parsed" in findings.notes[0]


def test_empty_split():
    with pytest.raises(SampleError, match="0 questions"):
        fit_calibration([], [], ALL, RULE)
