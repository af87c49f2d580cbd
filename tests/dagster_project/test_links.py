"""Links on an asset: the MLflow run, the report's page."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.links import page_links, run_link
from dagster_project.lock import RecordedOut

RUN = {"experiment_id": "3", "run_id": "abc"}


def test_a_run_is_an_address_where_there_is_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000/")
    assert run_link(RUN)["mlflow_run"].value == "http://127.0.0.1:5000/#/experiments/3/runs/abc"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    assert run_link(RUN)["mlflow_run"].value == "runs:/abc"
    assert run_link({}) == {}


def test_pages_among_the_reports_are_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "reports" / "evaluation" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>good</p>")
    (tmp_path / "data").mkdir()
    outs = [RecordedOut(path, "md5", 1, 1) for path in ("reports/evaluation", "reports/other", "data")]
    monkeypatch.delenv("MEDRWR_DOCS_URL", raising=False)
    assert {name: link.value for name, link in page_links(tmp_path, outs).items()} == {"report": str(page)}
    monkeypatch.setenv("MEDRWR_DOCS_URL", "http://127.0.0.1:3001")
    assert page_links(tmp_path, outs)["report"].value == "http://127.0.0.1:3001/reports/evaluation/report.html"
