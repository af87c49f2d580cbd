"""Model versions in MLflow: created once for what they are, self-tested, tagged with where they come from."""

from __future__ import annotations

import base64
import importlib.metadata
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from medrwr.errors import ArtefactError
from medrwr.records import read_records
from medrwr.serving.configuration import ServingConfig
from medrwr.serving.references import Reference
from medrwr.types import Question
from pipelines.answers import answers_of, write_answers
from pipelines.bill import identity
from pipelines.evidence import FILE, RUN_TAG
from pipelines.gate import LATENCY
from pipelines.model_card import model_card
from pipelines.promotion import METRIC_TAG, Registry
from pipelines.stage import StageContext
from pipelines.tracking.events import Begin, End
from pipelines.tracking.opening import describe
from pipelines.tracking.player import Player
from pipelines.tracking.store import Store, translated
from pipelines.tracking.tracker import now_ms

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

IDENTITY_TAG = "medrwr.identity"
REFERENCES_TAG = "medrwr.references"
AGENT_TAG = "medrwr.agent"  # the address of the ResponsesAgent over the same artefacts
STAGE = "register"
CARD_FILE = "model_card.md"
LONGEST = 5000  # characters of a description in MLflow; the whole card is a file of the run
WARM = 3  # answers whose median is the latency


def find_or_create(
    context: StageContext, store: Store, registry: Registry, config: ServingConfig, metrics: Mapping[str, float]
) -> ModelVersion:
    """The version with these artefacts, settings and figures: found, or logged, tested and registered.

    Raises:
        ArtefactError: an artefact of the model that was logged is missing, damaged or another one.
        TrackingError: MLflow cannot be reached.
    """
    sha256 = identity(config, metrics)
    found = registry.find(**{IDENTITY_TAG: sha256})
    if found is not None:
        return found
    begin = describe(STAGE, context.params, context.paths)
    tags = {IDENTITY_TAG: sha256, **_tags(config, metrics, begin)}
    player = Player(store)
    player.play([begin])
    status = "FAILED"
    try:
        logged = _log_models(context, store, config, player.run_id)
        tags |= {RUN_TAG: player.run_id, METRIC_TAG + LATENCY: repr(logged.seconds), AGENT_TAG: logged.agent}
        card = model_card(registry.name, config.references, metrics, data=begin.data, settings=config.settings)
        with translated(store.uri):
            import mlflow

            store.client.log_text(player.run_id, write_answers(answers_of(context.paths)), FILE)
            store.client.log_text(player.run_id, card, CARD_FILE)
            version = mlflow.register_model(logged.model, registry.name, tags=tags)
            version = store.client.update_model_version(registry.name, version.version, description=card[:LONGEST])
        status = "FINISHED"
    finally:
        player.play([End(status, now_ms())])
    return version


def references_of(version: ModelVersion) -> list[Reference]:
    """The artefacts that a version refers to."""
    return [Reference(**values) for values in json.loads(version.tags.get(REFERENCES_TAG, "[]"))]


def example_rows(context: StageContext) -> list[dict[str, Any]]:
    """One image question of the test split, its image inside: it needs no file of this machine.

    Raises:
        ArtefactError: the test split is missing or holds no image question.
    """
    paths = context.paths
    questions, _ = read_records(paths.questions("test"), Question)
    for question in questions:
        if question.images:
            image = base64.b64encode((paths.clinic / question.images[0]).read_bytes()).decode()
            return [{"question": question.text, "options": list(question.options), "image": image}]
    raise ArtefactError(f"{paths.questions('test')} has no image question: run `dvc repro clinic`")


class Logged(NamedTuple):
    """The two models of a version by their addresses, and the median seconds of a warm answer."""

    model: str
    agent: str
    seconds: float


def _log_models(context: StageContext, store: Store, config: ServingConfig, run_id: str) -> Logged:
    """Log the model and the agent beside it; both answer their example, or this raises."""
    import mlflow
    import pandas as pd

    from medrwr.serving import agent, model

    rows = example_rows(context)
    table = pd.DataFrame(rows)
    common = {
        "model_config": config.to_dict(),
        "pip_requirements": [f"medrwr=={importlib.metadata.version('medrwr')}"],
    }
    with translated(store.uri):
        mlflow.set_experiment(experiment_id=store.experiment_id)
        with mlflow.start_run(run_id=run_id):
            served = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(model.CODE),
                signature=model.signature(),
                input_example=table,
                **common,
            )
            chat = mlflow.pyfunc.log_model(
                name="agent", python_model=str(agent.CODE), input_example=agent.example_of(rows[0]), **common
            )
    opened = mlflow.pyfunc.load_model(served.model_uri)  # raises when an artefact is not what it should be
    seconds = [_timed(opened.predict, table) for _ in range(1 + WARM)]
    return Logged(str(served.model_uri), str(chat.model_uri), statistics.median(seconds[1:]))


def _timed(answer: Callable[[Any], Any], rows: Any) -> float:
    start = time.perf_counter()
    answer(rows)
    return time.perf_counter() - start


def _tags(config: ServingConfig, metrics: Mapping[str, float], begin: Begin) -> dict[str, str]:
    digests = {f"digest.{reference.name}": reference.sha256 for reference in config.references}
    measured = {f"{METRIC_TAG}{name}": repr(float(value)) for name, value in metrics.items()}
    references = json.dumps([asdict(reference) for reference in config.references])
    return {**begin.tags, **digests, **measured, REFERENCES_TAG: references}
