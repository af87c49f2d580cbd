"""The MLflow model: rows of question, options and image in; answers with confidence, trajectory and sources out.

It is logged as code (`model_code.py`) and a configuration of references: no pickle, and no copy of the weights.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel
from mlflow.types.schema import AnyType, Array, ColSpec, DataType, Object, Property, Schema

from medrwr.serving.answering import Answerer
from medrwr.serving.asking import Ask
from medrwr.serving.configuration import read_config
from medrwr.serving.opening import open_version

CODE = Path(__file__).with_name("model_code.py")


class MedRwrModel(PythonModel):
    """Opens the artefacts that its version refers to, digests verified, and answers."""

    _answerer: Answerer

    def load_context(self, context: Any) -> None:
        """Open everything.

        Raises:
            DigestError: an artefact is not the one that was registered.
        """
        self._answerer = open_version(read_config(context.model_config))

    @property
    def answerer(self) -> Answerer:
        """What answers, once the model is loaded."""
        return self._answerer

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[dict[str, Any]]:  # noqa: ARG002 - MLflow's signature
        """One reply a row.

        Args:
            model_input: columns question, options (list of texts) and, optional, image (a path, base64 text, bytes,
                or nothing for a text-only question) and query (looked up first, on the policy's behalf).

        Raises:
            QuestionError: a row has too few options, or empty or repeated ones.
            ImageError: a row's image cannot be decoded.
        """
        asks = [
            Ask(
                str(row["question"]), tuple(map(str, row["options"])), _given(row.get("image")), _text(row.get("query"))
            )
            for row in model_input.to_dict("records")
        ]
        return [asdict(reply) for reply in self._answerer.answer(asks)]


def signature() -> ModelSignature:
    """What `predict` takes and gives."""
    text, number, flag = DataType.string, DataType.double, DataType.boolean
    step = Object([Property("kind", text), Property("text", text)])
    source = Object([*(Property(name, text) for name in ("passage_id", "title", "source", "text")), _score()])
    case = Object([Property("case_id", text), Property("caption", text), _score()])
    return ModelSignature(
        inputs=Schema(
            [
                ColSpec(text, "question"),
                ColSpec(Array(text), "options"),
                ColSpec(AnyType(), "image", required=False),
                ColSpec(text, "query", required=False),
            ]
        ),
        outputs=Schema(
            [
                ColSpec(text, "answer"),
                ColSpec(text, "answer_text"),
                ColSpec(flag, "parsed"),
                ColSpec(number, "confidence"),
                ColSpec(Array(number), "option_probs"),
                ColSpec(flag, "calibrated"),
                ColSpec(flag, "re_retrieved"),
                ColSpec(text, "stop_reason"),
                ColSpec(Array(step), "trajectory"),
                ColSpec(Array(source), "sources"),
                ColSpec(Array(case), "cases"),
            ]
        ),
    )


def _score() -> Property:
    return Property("score", DataType.double)


def _given(value: Any) -> str | bytes | None:
    """The cell of a table: NaN and '' stand for nothing."""
    return value if isinstance(value, str | bytes) and value else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
