"""What is asked of the services once the pipeline has run over them: is everything there, and does it answer?"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from medrwr.serving.client import Client
from tests.chain.workspace import Workspace
from tests.infra.cluster import Postgres, free_port
from tests.serving.http.world import until

NAME = "med-rwr"
GATE = "held_out_image_accuracy"


def dagster_counts(home: Path, root: Path) -> dict[str, float]:
    """Stages without a materialisation in PostgreSQL, and runs that are not a success."""
    from dagster import AssetKey, DagsterInstance, DagsterRunStatus

    from dagster_project.graph import read_graph

    nodes = [node for node in read_graph(root) if not node.frozen]
    with DagsterInstance.from_config(str(home)) as instance:
        lost = [node.key for node in nodes if instance.get_latest_materialization_event(AssetKey(node.key)) is None]
        failed = [run.run_id for run in instance.get_runs() if run.status is not DagsterRunStatus.SUCCESS]
    if lost:
        print(f"  no materialisation of {lost}", file=sys.stderr)
    return {"services_stages": len(nodes), "services_stages_lost": len(lost), "services_runs_failed": len(failed)}


def training_gaps(root: Path) -> dict[str, float]:
    """Steps that MLflow's history of a GRPO stage misses or repeats; stage runs not finished; events not sent."""
    from pipelines.params import load_params
    from pipelines.tracking.store import open_store

    store = open_store(root)
    runs = store.client.search_runs([store.experiment_id], "tags.`medrwr.role` = 'stage'", max_results=1000)
    params, gaps = load_params(root), 0
    for stage, steps in (("grpo_text", params.grpo_text.steps), ("grpo_multimodal", params.grpo_multimodal.steps)):
        (run,) = [run for run in runs if run.data.tags["medrwr.stage"] == stage]
        name = next(name for name in run.data.metrics if name.endswith("reward/total"))
        seen = sorted(point.step for point in store.client.get_metric_history(run.info.run_id, name))
        gaps += len(set(range(1, steps + 1)) ^ set(seen)) + len(seen) - len(set(seen))
    unfinished = [run for run in runs if run.info.status != "FINISHED"]
    unsent = list((root / "work/tracking").glob("*.jsonl"))
    return {
        "services_history_gaps": gaps,
        "services_stage_runs": len(runs),
        "services_stage_runs_unfinished": len(unfinished),
        "services_events_unsent": len(unsent),
    }


def promoted(space: Workspace, settings: Mapping[str, str]) -> dict[str, float]:
    """A better second version is promoted and rolled back; each move begins where the one before ended."""
    from mlflow import MlflowClient

    metrics = space.root / "metrics/evaluate.json"
    kept = {path: path.read_bytes() for path in (metrics, space.root / "reports/registration.json")}
    measured = json.loads(metrics.read_text())
    metrics.write_text(json.dumps({**measured, GATE: measured[GATE] + 1}))
    try:
        space.run(sys.executable, "-m", "pipelines", "register", **settings)
        higher = MlflowClient().get_model_version_by_alias(NAME, "champion").version
        space.run("medrwr", "rollback", "--why", "end of the proof", **settings)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    model = MlflowClient().get_registered_model(NAME)
    tags = {name: value for name, value in model.tags.items() if name.startswith("champion.")}
    moves = [json.loads(tags[name]) for name in sorted(tags)]
    starts, ends = ([move[key] for move in moves] for key in ("from_version", "to_version"))
    return {
        "services_promoted": float(str(higher) == "2"),
        "services_rolled_back": float(str(model.aliases["champion"]) == "1"),
        "services_moves": len(moves),
        "services_move_gaps": sum(start != end for start, end in zip(starts, ["", *ends], strict=False)),
    }


def answers(space: Workspace, database: Postgres, settings: Mapping[str, str]) -> dict[str, float]:
    """The champion answers the same before and after the database under it is restarted."""
    lines = (space.root / "data/clinic/questions/test.jsonl").read_text().splitlines()
    asked = next(found for found in map(json.loads, lines) if found.get("images"))
    image = space.root / "data/clinic" / asked["images"][0]
    with served(space, settings) as address:
        client = Client(address)
        before = client.answer(asked["text"], asked["options"], image=image, query=asked["text"])
        database.control("restart", "-m", "immediate")
        after = client.answer(asked["text"], asked["options"], image=image, query=asked["text"])
        ready = requests.get(f"{address}/readyz", timeout=30).status_code == 200
    same = (before.text, before.sources, before.model.version) == (after.text, after.sources, after.model.version)
    return {"services_champion_answers_same": float(same and ready and before.model.version == "1")}


@contextmanager
def served(space: Workspace, settings: Mapping[str, str]) -> Iterator[str]:
    """`medrwr serve` on a free port, once it is ready."""
    address = f"http://127.0.0.1:{free_port()}"
    log = space.root.parent / "serve.log"
    command = f"exec medrwr serve --port {address.rpartition(':')[2]} >{log} 2>&1"
    process = space.start("sh", "-c", command, **settings)

    def ready() -> bool:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            return requests.get(f"{address}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    try:
        until(ready, "medrwr serve to be ready", seconds=600)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)


def objects(settings: Mapping[str, str]) -> dict[str, float]:
    """How many objects S3 holds for MLflow, for DVC and for the passage index."""
    import boto3

    s3: Any = boto3.client(
        "s3",
        endpoint_url=settings["MLFLOW_S3_ENDPOINT_URL"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
        region_name=settings["AWS_DEFAULT_REGION"],
    )
    pages = s3.get_paginator("list_objects_v2")
    counts = {
        prefix: sum(page["KeyCount"] for page in pages.paginate(Bucket="medrwr", Prefix=f"{prefix}/"))
        for prefix in ("mlflow", "dvc", "index")
    }
    return {f"services_objects_{prefix}": count for prefix, count in counts.items()}
