"""A trained chain's answers: calibration and test questions with images, each asked again with k similar cases.

With a folder to keep them in, they are played once: a changed model or index gives the folder's subfolder another name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from medrwr.calibration.artefact import digests_of
from medrwr.evaluation.ladder import cell_of
from medrwr.records import read_records, write_records
from medrwr.rollout.cdir import CdirRule, Reretrieval, reretrieve
from medrwr.rollout.engine import RolloutEngine
from medrwr.sinks import NullSink
from medrwr.types import Question, Trajectory
from pipelines.arms import OWN_QUERY, GreedyRollout, request_of
from pipelines.opening import image_root_of, open_cases, open_engine
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.stage import StageContext

FINAL = "grpo_multimodal"
CASES = (1, 2, 4, 8)
_ALWAYS = 2.0
_SMALL = 24

Played = Callable[[], list[Trajectory]]


def trained(root: Path) -> bool:
    """Whether the chain in `root` has come as far as calibration."""
    paths = Paths(root)
    return paths.model(FINAL).is_dir() and paths.case_index_manifest.is_file() and paths.index_manifest.is_file()


@dataclass(frozen=True)
class Split:
    """Questions, and by k their first and second answers."""

    questions: list[Question]
    looks: dict[int, list[Reretrieval]]


class Chain:
    """One trained workspace.

    Args:
        keep: a folder for the answers; None: they are played anew.
        cases: numbers of similar cases to ask again with.
        small: a handful of questions.
    """

    def __init__(self, root: Path, *, keep: Path | None, cases: Sequence[int] = CASES, small: bool = False) -> None:
        self.context = StageContext(load_params(root), Paths(root), NullSink())
        self.name = root.resolve().name
        self.cases = tuple(cases)
        self._keep, self._small = keep, small

    @cached_property
    def engine(self) -> RolloutEngine:
        return open_engine(self.context, FINAL)

    @cached_property
    def calibration(self) -> Split:
        return self._split("calibration")

    @cached_property
    def test(self) -> Split:
        return self._split("test")

    def cell_of(self, question: Question) -> str:
        return cell_of(question, self.context.params.clinic.held_out_modality)

    def _split(self, name: str) -> Split:
        everything, _ = read_records(self.context.paths.questions(name), Question)
        questions = [question for question in everything if question.images]
        if self._small:
            questions = questions[:: max(1, len(questions) // _SMALL)]
        firsts = self._kept(f"{name}-first", questions, lambda: self._first(questions))
        looks = {k: self._looks(name, questions, firsts, k) for k in self.cases}
        return Split(questions, looks)

    def _first(self, questions: Sequence[Question]) -> list[Trajectory]:
        rollout = GreedyRollout(self.engine, image_root_of(self.context), OWN_QUERY, NullSink(), "")
        return rollout(questions)

    def _looks(
        self, name: str, questions: Sequence[Question], firsts: Sequence[Trajectory], k: int
    ) -> list[Reretrieval]:
        def play() -> list[Trajectory]:
            root = image_root_of(self.context)
            requests = [request_of(question, root) for question in questions]
            rule = CdirRule(_ALWAYS, k=k, queries=self.context.params.case_index.queries)
            pairs = reretrieve(self.engine, requests, firsts, open_cases(self.context), rule)
            # a question that could not be asked again keeps its first answer, without cases
            return [pair.second or pair.first for pair in pairs]

        seconds = self._kept(f"{name}-second-{k}", questions, play)
        return [
            Reretrieval(first, second if second.cases else None, first)
            for first, second in zip(firsts, seconds, strict=True)
        ]

    def _kept(self, name: str, questions: Sequence[Question], play: Played) -> list[Trajectory]:
        if self._keep is None:
            return play()
        paths = self.context.paths
        digests = digests_of(paths.model(FINAL), paths.index_manifest, paths.case_index_manifest)
        asked = "".join(question.question_id for question in questions)
        about = f"{digests}{asked}{self.context.params.case_index.queries}"
        file = self._keep / hashlib.sha256(about.encode()).hexdigest()[:16] / f"{name}.jsonl"
        if not file.is_file():
            write_records(file, play())
        answers, bad = read_records(file, Trajectory)
        assert not bad, bad[0].reason
        return answers
