"""`medrwr ask`: a question to the champion, another version, or a checkpoint of this workspace."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from medrwr.config import Params, RegisterSettings
from medrwr.errors import ConfigError, TrackingError
from medrwr.serving.asking import Ask, to_question
from pipelines.params import load_params
from pipelines.paths import Paths
from pipelines.process import set_environment
from pipelines.tracking.store import Store, open_store

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line gave."""

    question: str
    options: tuple[str, ...]
    image: Path | None
    model: str | None
    index: Path | None
    query: str | None = None


def ask(request: Request, *, as_json: bool) -> None:
    """Answer and print.

    Raises:
        MedrwrError: the request is unusable, or the model cannot be opened; nothing was printed then.
    """
    params = load_params()
    asked = _checked(request)
    set_environment(params)
    reply = _answer(asked, request, params)
    if as_json:
        print(json.dumps(reply, ensure_ascii=False, indent=2))
        return
    from pipelines.cli.rendering import print_reply

    print_reply(asked, reply)


def _checked(request: Request) -> Ask:
    """The request as a question, tried before the slow part: a bad image is told at once."""
    image = None if request.image is None else str(request.image)
    asked = Ask(request.question, request.options, image, request.query)
    with tempfile.TemporaryDirectory(prefix="medrwr-") as folder:
        to_question(asked, 1, Path(folder))
    return asked


def _answer(asked: Ask, request: Request, params: Params) -> dict[str, Any]:
    if request.model is not None and Path(request.model).is_dir():
        return _ask_folder(asked, Path(request.model), request.index, params)
    if request.model is not None and ":/" not in request.model:
        raise ConfigError(
            f"--model {request.model} is neither a folder nor an MLflow URI such as models:/med-rwr@champion"
        )
    return _ask_version(asked, request.model, request.index, params)


def _ask_folder(asked: Ask, checkpoint: Path, index: Path | None, params: Params) -> dict[str, Any]:
    from medrwr.serving.opening import Parts, index_at, open_parts

    paths = Paths()
    parts = Parts(checkpoint, paths.encoders, index_at(index or paths.index))
    (reply,) = open_parts(parts, params).answer([asked])
    return asdict(reply)


def _ask_version(asked: Ask, uri: str | None, index: Path | None, params: Params) -> dict[str, Any]:
    import pandas as pd

    store = open_store(Path())
    override = {"index": str(index.resolve())} if index is not None else None
    model = load_version(uri or champion_uri(store, params.register_), override, store)
    row = {"question": asked.question, "options": list(asked.options), "image": asked.image, "query": asked.query}
    replies = cast(list[dict[str, Any]], model.predict(pd.DataFrame([row])))
    return replies[0]


def champion_uri(store: Store, named: RegisterSettings) -> str:
    """The address of the version that carries the alias.

    Raises:
        TrackingError: none does, or MLflow cannot be reached.
    """
    from pipelines.promotion import Registry

    if Registry(store, named.model_name, named.alias).champion() is None:
        raise TrackingError(
            f"no version of {named.model_name} is {named.alias} in {store.uri}: "
            "run `dvc repro --force register`, or name a checkpoint: --model models/grpo_multimodal"
        )
    return f"models:/{named.model_name}@{named.alias}"


def load_version(uri: str, override: dict[str, Any] | None, store: Store) -> PyFuncModel:
    """The model at `uri`, its artefacts verified.

    Raises:
        TrackingError: there is no such version.
        DigestError: an artefact is not the one that was registered.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        loaded: PyFuncModel = mlflow.pyfunc.load_model(uri, model_config=override)
    except MlflowException as error:
        reason = str(error).splitlines()[0]
        raise TrackingError(
            f"{uri} cannot be loaded from {store.uri}: {reason}: `medrwr models` lists what is there"
        ) from None
    return loaded
