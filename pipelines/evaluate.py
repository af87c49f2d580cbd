"""Stage `evaluate`: the ladder with intervals and paired tests, and its report (M28-M31)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medrwr.calibration.artefact import Calibration, digests_of, read_calibration
from medrwr.evaluation.ladder import Ladder, assemble, chance_of, draw
from medrwr.evaluation.scorer import Verdict, by_choice, judge_all
from medrwr.records import read_records
from medrwr.types import Question
from pipelines.attribution import leave_one_out
from pipelines.case_scaling import scale_cases
from pipelines.contamination import contamination_of
from pipelines.disjoint import require_disjoint_splits
from pipelines.evaluation_output import print_ladder, write_outputs
from pipelines.evaluation_traces import trace_all
from pipelines.findings import finding_metrics, findings_of, resampling_of
from pipelines.judging import judge_reasoning, require_judge
from pipelines.measures import Evaluated, metrics_of
from pipelines.rungs import COMPARED, FINAL, RUNGS, Cells, Played, play_rungs
from pipelines.stage import StageContext, StageResult

STAGE = "evaluate"


def run(context: StageContext) -> StageResult:
    """Play every rung, judge, compare; write results and report.

    Raises:
        OverlapError: a training item overlaps a test item (M14).
        DigestError: the calibration was made for another model or index.
        SampleError: the test split is empty.
        ConfigError: a judge is asked for and not named.
    """
    require_judge(context.params.evaluate.judge_questions)
    require_disjoint_splits(context.paths)
    questions, bad = read_records(context.paths.questions("test"), Question)
    cells, calibration = _draw(context, questions), _calibration(context)
    played, looks = play_rungs(context, cells, calibration)
    verdicts = judge_rungs(cells, played)
    choices = {
        rung: {cell: by_choice(judged) for cell, judged in by_cell.items()} for rung, by_cell in verdicts.items()
    }
    ladders = _ladder(context, cells, verdicts), _ladder(context, cells, choices)
    evaluated = Evaluated(cells, played, verdicts, *ladders, calibration, looks)
    findings = findings_of(
        evaluated,
        passages=leave_one_out(context, evaluated),
        contamination=contamination_of(context, evaluated),
        judged=judge_reasoning(context, evaluated),
        scaling=scale_cases(context, evaluated),
    )
    metrics = {**metrics_of(evaluated), **finding_metrics(findings), "quarantined": len(bad)}
    trace_all(context.sink, evaluated, every=context.params.evaluate.trace_every)
    write_outputs(context, evaluated, metrics, findings)
    print_ladder(evaluated.ladder)
    return StageResult(metrics, _headline(metrics), (context.paths.evaluation / "report.html",))


def judge_rungs(cells: Cells, played: Played) -> dict[str, dict[str, list[Verdict]]]:
    """Verdicts by rung and cell; a rung that answered fewer questions answered the first ones of the cell."""
    return {
        rung: {
            cell: judge_all(cells[cell][: len(trajectories)], trajectories) for cell, trajectories in by_cell.items()
        }
        for rung, by_cell in played.items()
    }


def _draw(context: StageContext, questions: list[Question]) -> Cells:
    return draw(
        questions,
        context.params.clinic.held_out_modality,
        per_cell=context.params.evaluate.questions_per_cell,
        seed=context.params.base.seed,
    )


def _calibration(context: StageContext) -> Calibration:
    paths = context.paths
    in_use = digests_of(paths.model(FINAL), paths.index_manifest, paths.case_index_manifest)
    return read_calibration(paths.calibration, expected=in_use)


def _ladder(context: StageContext, cells: Cells, verdicts: Mapping[str, Mapping[str, Sequence[Verdict]]]) -> Ladder:
    return assemble(
        RUNGS,
        verdicts,
        compare=COMPARED,
        chance={cell: chance_of(questions) for cell, questions in cells.items()},
        resampling=resampling_of(context.params),
    )


def _headline(metrics: Mapping[str, float]) -> str:
    if "held_out_image_gain" not in metrics:
        return f"{metrics['questions']:.0f} questions"
    return (
        f"held-out image accuracy {metrics['held_out_image_accuracy']:.1%}, "
        f"{100 * metrics['held_out_image_gain']:+.1f} points over no retrieval "
        f"(at least {100 * metrics['held_out_image_gain_lower']:+.1f}; by most probable option "
        f"{100 * metrics['held_out_image_choice_gain']:+.1f}), "
        f"with CDIR {metrics['held_out_image_cdir_accuracy']:.1%}"
    )
