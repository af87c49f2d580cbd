"""Models from code: MLflow keeps a copy of this file with a version and runs it to get the model."""

from mlflow.models import set_model

from medrwr.serving.model import MedRwrModel

set_model(MedRwrModel())
