"""What a grid needs: its experiments by row and seed, and answers that were kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medrwr.errors import ConfigError
from pipelines import second_looks
from pipelines.ablation.experiments import Experiment, workspace_state
from pipelines.ablation.grid import Grid, Overrides, Row
from pipelines.ablation.kept_answers import RowAnswers, join, read_answers, seeds_of
from pipelines.rungs import FINAL

FINAL_ONLY: Overrides = {
    "evaluate.ladder_questions_per_cell": 1,
    "evaluate.control_questions_per_cell": 1,
    "evaluate.attribution_questions": 0,
    "evaluate.scaling_questions": 0,
    "evaluate.trace_every": 0,
}
_LAST = {FINAL, *(rung.name for rung in second_looks.RUNGS)}


@dataclass(frozen=True, slots=True)
class Plan:
    """The experiments of a grid: row name -> seed -> experiment; rows with equal parameters share theirs."""

    grid: Grid
    seeds: tuple[int, ...]
    experiments: Mapping[str, Mapping[int, Experiment]]
    kept: RowAnswers = field(default_factory=dict)
    """Answers from elsewhere, which are pooled with those of the experiments."""

    @property
    def distinct(self) -> list[Experiment]:
        """Each once, in the order of the rows, seed by seed: the first seed's table is whole first."""
        in_order = (self.experiments[row.name][seed] for seed in self.seeds for row in self.grid.rows)
        return list({experiment.name: experiment for experiment in in_order}.values())


def plan(root: Path, grid: Grid, seeds: Sequence[int], scale: Overrides, kept: Iterable[Path] = ()) -> Plan:
    """Which experiments the grid needs; `scale` is laid below each row's own parameters.

    Args:
        kept: files of answers, of other seeds.

    Raises:
        ConfigError: such a file is none of this grid, or a seed is there twice.
        ExperimentError: the workspace is no git repository.
    """
    state = workspace_state(root)
    experiments = {
        row.name: {
            seed: Experiment({**scale, **_read_of(row), **row.overrides, "base.seed": seed}, state) for seed in seeds
        }
        for row in grid.rows
    }
    return Plan(grid, tuple(seeds), experiments, _kept(grid, seeds, kept))


def _kept(grid: Grid, seeds: Sequence[int], files: Iterable[Path]) -> RowAnswers:
    kept = join(read_answers(path, grid) for path in files)
    for seed in sorted(_seeds_of(kept) & set(seeds)):
        raise ConfigError(f"seed {seed} is in the kept answers: leave it out of --seed or of --answers")
    return kept


def _seeds_of(answers: RowAnswers) -> set[int]:
    return {seed for cells in answers.values() for one in cells.values() for seed in seeds_of(one)}


def _read_of(row: Row) -> Overrides:
    """What a chain that is run for this row's last rungs alone need not measure."""
    return FINAL_ONLY if row.overrides and row.rung in _LAST else {}
