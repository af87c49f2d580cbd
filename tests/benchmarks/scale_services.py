"""The scale benchmark, part `services`: the whole pipeline over PostgreSQL and S3, as infra/README.md sets them up.

Dagster with its storage on PostgreSQL runs every stage; MLflow keeps runs on PostgreSQL and artefacts on S3 (moto's
server); DVC's remote and the passage index's tables are on S3. PostgreSQL is restarted, without waiting for its
clients, in the middle of a training stage and again under the server that answers with the champion. Parameters are
the default ones, so that it takes as long as `make pipeline`; with `small` params/small.yaml's.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from tests.benchmarks.services_proof import answers, dagster_counts, objects, promoted, training_gaps
from tests.chain.workspace import AUTHOR, REPOSITORY, TINY, Workspace, digest_of, make_workspace, set_parameters
from tests.infra.cluster import Postgres, binaries
from tests.infra.cluster import services as started

JOB = ("dagster", "job", "execute", "-m", "dagster_project.definitions", "-j", "medrwr_pipeline")
SMALL_STEPS = 4  # of each GRPO stage
MODEL = "models/grpo_multimodal"


def services(folder: Path, *, small: bool) -> dict[str, float]:
    if binaries() is None:
        print("services: PostgreSQL is not installed (apt-get install postgresql): left out", file=sys.stderr)
        return {}
    folder.chmod(0o755)  # PostgreSQL runs as its own user
    with started(folder) as (database, variables):
        space = workspace(folder, variables, small=small)
        places = {"DAGSTER_HOME": str(home(folder)), "MEDRWR_INDEX_TABLES": "s3://medrwr/index"}
        settings = {**variables, **places}
        begin = time.monotonic()
        code, restarted = run_whole(space, database, settings)
        figures = {"services_pipeline_failed": float(code), "services_restarted_in_training": restarted}
        figures["services_pipeline_s"] = time.monotonic() - begin
        status = json.loads(space.run(sys.executable, "-m", "dvc", "status", "--json", **settings))
        figures["services_stages_out_of_date"] = len(status)  # before a second version is registered by hand
        with mock.patch.dict(os.environ, settings):
            figures |= told(figures) | told(dagster_counts(Path(settings["DAGSTER_HOME"]), space.root))
            figures |= told(training_gaps(space.root))
            figures |= told(promoted(space, settings))
            figures |= told(answers(space, database, settings))
        figures |= told(second_clone(space, folder / "second", settings))
        return figures | told(objects(settings))


def told(figures: dict[str, float]) -> dict[str, float]:
    """The same, said at once: what comes later may fail."""
    print(f"  {figures}", file=sys.stderr, flush=True)
    return figures


def home(folder: Path) -> Path:
    """Dagster's, with the repository's settings for PostgreSQL."""
    made = folder / "home"
    made.mkdir()
    shutil.copy(REPOSITORY / "infra/dagster-postgres.yaml", made / "dagster.yaml")
    return made


def workspace(folder: Path, variables: Mapping[str, str], *, small: bool) -> Workspace:
    """A clone with DVC's remote on S3."""
    space = make_workspace(folder / "workspace", TINY if small else {})
    if small:
        steps = {"steps": SMALL_STEPS, "num_generations": 2, "prompts_per_step": 2, "save_steps": 1}
        set_parameters(space.root / "params.yaml", {"grpo_text": steps, "grpo_multimodal": steps})
    space.dvc("remote", "add", "--quiet", "--default", "store", "s3://medrwr/dvc")
    space.dvc("remote", "modify", "store", "endpointurl", variables["MLFLOW_S3_ENDPOINT_URL"])
    return space


def run_whole(space: Workspace, database: Postgres, settings: Mapping[str, str]) -> tuple[int, float]:
    """Every stage by Dagster; the database is restarted once a GRPO stage has its first checkpoint."""
    log = space.root.parent / "pipeline.log"
    with log.open("w") as stream:
        process = space.start("sh", "-c", f"exec {' '.join(JOB)} >{log} 2>&1", **settings)
        restarted = 0.0
        while process.poll() is None:
            if not restarted and list(space.root.glob("work/grpo_text/*/checkpoint-*/trainer_state.json")):
                database.control("restart", "-m", "immediate")
                restarted = 1.0
            time.sleep(0.05)
        stream.flush()
    if process.returncode:
        print(log.read_text()[-3000:], file=sys.stderr)
    return process.returncode, restarted


def second_clone(space: Workspace, place: Path, settings: Mapping[str, str]) -> dict[str, float]:
    """What the first clone pushes to S3 another pulls: the trained model, byte for byte."""
    space.run(sys.executable, "-m", "dvc", "push", "--quiet", **settings)
    space.run("git", "add", "--all")
    space.run("git", *AUTHOR, "commit", "-q", "-m", "a whole run")
    space.run("git", "clone", "-q", str(space.root), str(place))
    second = Workspace(place)
    second.run(sys.executable, "-m", "dvc", "pull", "--quiet", MODEL, **settings)
    same = digest_of(space.root / MODEL) == digest_of(second.root / MODEL)
    return {"services_pulled_same_model": float(same)}
