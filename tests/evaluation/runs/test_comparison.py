"""Two runs on the same questions, by hand; and what is refused (M31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from medrwr.errors import ArtefactError, SampleError
from medrwr.evaluation.ladder import Resampling
from medrwr.evaluation.runs.answered import answered_closed
from medrwr.evaluation.runs.comparison import Run, compare_runs, most_probable, read_run
from medrwr.evaluation.runs.folder import SUMMARY, Claim, RunFolder
from tests.evaluation.fakes import question, trajectory

CLAIM = Claim("tiny", {"checkpoint": "a"}, {"set": "q"}, {"seed": 0, "arm": "deployed"})
FEW = Resampling(samples=200)


def write(folder: Path, letters: Sequence[str | None], claim: Claim = CLAIM, *, benchmark: str = "set") -> Run:
    """A finished run with these answers; gold is A everywhere, and two questions are one case."""
    run = RunFolder(folder)
    run.begin(claim)
    for number, letter in enumerate(letters):
        asked = question(number)
        run.append([answered_closed(benchmark, asked, trajectory(asked, letter), f"case{number // 2}")])
    run.write(SUMMARY, "{}")
    return read_run(folder)


def test_m31_a_difference_by_hand(tmp_path: Path) -> None:
    """8 questions in 4 cases. Second gains 1 in each of three cases, loses none: +3/8; of the 2^3 sign patterns two
    are as extreme: p 1/4. McNemar, with independent questions, says 2 / 2^3, too."""
    first = write(tmp_path / "a", ["A", "B"] * 4)
    second = write(tmp_path / "b", ["A", "A", "A", "A", "A", "A", "A", None])
    (found,) = compare_runs([first], [second], FEW)
    assert (found.first, found.second) == (0.5, 7 / 8)
    assert found.difference.interval.estimate == pytest.approx(3 / 8)
    assert (found.difference.gained, found.difference.lost) == (3, 0)
    assert found.difference.permutation_p == found.holm_p == pytest.approx(1 / 4)
    assert found.difference.interval.clusters == 4


def test_m31_both_gains_of_one_case_are_one_coin(tmp_path: Path) -> None:
    """Two gains in one case: the sign of one sum, p 1; as independent questions they were 2 / 2^2."""
    first, second = write(tmp_path / "a", ["B", "B"]), write(tmp_path / "b", ["A", "A"])
    (found,) = compare_runs([first], [second], FEW)
    assert (found.difference.permutation_p, found.difference.mcnemar_p) == (1.0, 0.5)


def test_m31_seeds_are_pooled_as_shares(tmp_path: Path) -> None:
    """Three seeds against two, 2 questions of one case: shares 1/3, 2/3 and 1/2, 1; sum of differences 1/2."""
    settings = [{**CLAIM.settings, "seed": seed, "temperature": 1.0} for seed in range(3)]
    answers = (["A", "A"], ["B", "A"], ["B", "B"])
    first = [write(tmp_path / f"a{n}", answers[n], replace(CLAIM, settings=settings[n])) for n in range(3)]
    second = [
        write(tmp_path / f"b{n}", (["A", "A"], ["B", "A"])[n], replace(CLAIM, settings=settings[n])) for n in range(2)
    ]
    (found,) = compare_runs(first, second, FEW)
    assert (found.first, found.second) == (pytest.approx(1 / 2), pytest.approx(3 / 4))
    assert found.difference.interval.estimate == pytest.approx(1 / 4)


def test_m31_holm_over_benchmarks(tmp_path: Path) -> None:
    """p 1/4 and 1/2 of two benchmarks: 2 x 1/4 and max(1/2, that)."""
    claim = replace(CLAIM, benchmarks={"one": "q", "two": "r"})
    runs = []
    for name, letters in (("a", (["A", "B"] * 3, ["B", "A", "B", "A"])), ("b", (["A"] * 6, ["A"] * 4))):
        run = RunFolder(tmp_path / name)
        run.begin(claim)
        for benchmark, given in zip(("one", "two"), letters, strict=True):
            for number, letter in enumerate(given):
                asked = question(number)
                run.append([answered_closed(benchmark, asked, trajectory(asked, letter), f"case{number // 2}")])
        run.write(SUMMARY, "{}")
        runs.append(read_run(tmp_path / name))
    found = compare_runs([runs[0]], [runs[1]], FEW)
    assert [one.difference.permutation_p for one in found] == pytest.approx([1 / 4, 1 / 2])
    assert [one.holm_p for one in found] == pytest.approx([1 / 2, 1 / 2])


def test_questions_that_one_run_left_out_are_counted(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", ["A", "B", "A"]), write(tmp_path / "b", ["A", "A"])
    (found,) = compare_runs([first], [second], FEW)
    assert (found.difference.interval.questions, found.unpaired) == (2, 1)


def test_answers_may_be_read_as_their_most_probable_option(tmp_path: Path) -> None:
    """Nothing was written in the first run; where an option was the most probable, it counts: A and B of two."""
    run = RunFolder(tmp_path / "a")
    run.begin(CLAIM)
    for number, probs in enumerate(((0.7, 0.1, 0.1, 0.1), (0.1, 0.7, 0.1, 0.1))):
        asked = question(number)
        run.append([answered_closed("set", asked, trajectory(asked, None, probs=probs), f"case{number}")])
    run.write(SUMMARY, "{}")
    first, second = read_run(tmp_path / "a"), write(tmp_path / "b", ["A", "A"])
    (strict,) = compare_runs([first], [second], FEW)
    (read,) = compare_runs([most_probable(first)], [most_probable(second)], FEW)
    assert (strict.first, strict.second) == (0.0, 1.0)
    assert (read.first, read.second) == (0.5, 1.0)


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "a", ["A", "B"])
    other = write(tmp_path / "b", ["A"], replace(CLAIM, benchmarks={"medqa": "q"}))
    with pytest.raises(SampleError, match=r"a is of set, .*b of medqa: compare runs of the same benchmarks"):
        compare_runs([one], [other], FEW)
    fewer = write(tmp_path / "c", ["A"], replace(CLAIM, benchmarks={"set": "other"}))
    with pytest.raises(SampleError, match="asked different questions of set"):
        compare_runs([one], [fewer], FEW)
    with pytest.raises(SampleError, match="given twice"):
        compare_runs([one, one], [one], FEW)
    stranger = write(tmp_path / "d", ["A", "B"], replace(CLAIM, digests={"checkpoint": "b"}))
    with pytest.raises(SampleError, match="different models"):
        compare_runs([one, stranger], [one], FEW)
    otherwise = write(tmp_path / "e", ["A", "B"], replace(CLAIM, settings={"seed": 1, "arm": "no_retrieval"}))
    with pytest.raises(SampleError, match="settings other than the seed"):
        compare_runs([one, otherwise], [one], FEW)


def test_a_run_that_has_not_ended_is_refused(tmp_path: Path) -> None:
    RunFolder(tmp_path / "a").begin(CLAIM)
    with pytest.raises(ArtefactError, match="has not come to its end"):
        read_run(tmp_path / "a")
    with pytest.raises(ArtefactError, match="holds no run"):
        read_run(tmp_path / "b")
