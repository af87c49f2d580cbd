"""Runs one stage in this process: parameters, environment, seeds, tracking, metrics, timing, errors."""

from __future__ import annotations

import errno
import importlib
import json
import math
from collections.abc import Mapping
from pathlib import Path

from medrwr.config import Params
from medrwr.errors import ConfigError, MedrwrError
from medrwr.records import write_text_atomic
from medrwr.sinks import NullSink
from pipelines.catalogue import find_stage, suggest
from pipelines.console import say, warn
from pipelines.launching import is_first, launch, launch_plan
from pipelines.measure import Measure
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.process import seed_everything, set_environment
from pipelines.stage import StageContext, StageResult
from pipelines.tracking import open_tracker


def run_from_command_line(stage: str, *, source: str | None = None, root: Path = Path(".")) -> int:
    """Run `stage` and turn the errors that a user can cause into one line on stderr and exit code 1."""
    try:
        if plan := launch_plan(stage, load_params(root)):
            return launch(plan, root=root)
        run_stage(stage, source=source, root=root)
    except MedrwrError as error:
        return _complain(stage, str(error))
    except KeyboardInterrupt:
        return _complain(stage, "interrupted: run the same command again to continue", code=130)
    except Exception as error:
        if not is_disk_full(error):
            raise
        where = f" at {error.filename}" if isinstance(error, OSError) and error.filename else ""
        return _complain(stage, f"no disk space is left{where}: free some space and run the same command again")
    return 0


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is a full disk; native libraries say so in words only."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if any(words in str(error) for words in ("No space left on device", "database or disk is full")):
            return True
        error = error.__cause__ or error.__context__
    return False


def run_stage(stage: str, *, source: str | None = None, root: Path = Path(".")) -> StageResult:
    """Run one stage in the workspace `root` and write its metrics and timing.

    Raises:
        MedrwrError: whatever a user can put right; nothing is written to metrics/ then.
    """
    info = find_stage(stage)
    params, paths = load_params(root), Paths(root)
    name = _check_source(stage, source, params)
    set_environment(params)
    if not is_first():
        return _help_out(stage, params, paths)
    with Measure() as measure:
        module = importlib.import_module(f"pipelines.{stage}")
        seed_everything(params, with_torch=info.torch)
        paths.plots(stage).mkdir(parents=True, exist_ok=True)
        with open_tracker(stage, params, paths) as tracker:
            context = StageContext(params, paths, tracker)
            result: StageResult = module.run(context, source=source) if source else module.run(context)
            write_metrics(paths.metrics(name), result.metrics)
            tracker.finish(result)
    _write_timing(paths.timing(name), measure, result.headline, tracker.run_ids)
    say(f"{name}: {result.headline} ({measure.seconds:.1f} s, {measure.peak_mb:.0f} MiB)")
    return result


def _help_out(stage: str, params: Params, paths: Paths) -> StageResult:
    """Run the stage as one of several processes that is not the first: without tracking, metrics or timing."""
    module = importlib.import_module(f"pipelines.{stage}")
    seed_everything(params, with_torch=True)
    result: StageResult = module.run(StageContext(params, paths, NullSink()))
    return result


def write_metrics(path: Path, metrics: Mapping[str, float]) -> None:
    """Metrics as sorted JSON. JSON has no NaN: such a value becomes null, and is named on stderr."""
    finite = {key: (value if math.isfinite(value) else None) for key, value in metrics.items()}
    lost = [key for key, value in finite.items() if value is None]
    if lost:
        warn(f"warning: {path}: not finite, written as null: {', '.join(sorted(lost))}")
    write_text_atomic(path, json.dumps(finite, indent=2, sort_keys=True, allow_nan=False) + "\n")


def _check_source(stage: str, source: str | None, params: Params) -> str:
    if stage != "knowledge_base":
        if source is not None:
            raise ConfigError(f"--source {source} does not fit stage {stage!r}: only knowledge_base has sources")
        return stage
    known = list(params.knowledge_base.sources)
    if source is None:
        raise ConfigError(f"stage 'knowledge_base' needs --source, one of {', '.join(known)}")
    if source not in known:
        raise ConfigError(f"source {source!r} is not in params.yaml's knowledge_base.sources: {suggest(source, known)}")
    return f"{stage}_{source}"


def _write_timing(path: Path, measure: Measure, headline: str, mlflow: Mapping[str, str]) -> None:
    taken = {"seconds": round(measure.seconds, 2), "peak_mb": round(measure.peak_mb, 1)}
    record = {**taken, "headline": headline, "mlflow": dict(mlflow)}
    write_text_atomic(path, json.dumps(record, indent=2) + "\n")


def _complain(stage: str, message: str, code: int = 1) -> int:
    warn(f"{stage}: {message}")
    return code
