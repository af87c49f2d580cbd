"""Models from code: MLflow keeps a copy of this file beside the agent and runs it to get the agent."""

from mlflow.models import set_model

from medrwr.serving.agent import MedRwrAgent

set_model(MedRwrAgent())
