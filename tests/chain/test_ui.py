"""`make ui` in a real browser, on the whole chain: graph, a click that materialises, logs, checks, plots, MLflow."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from dagster_project.graph import read_graph
from tests.chain.workspace import Workspace, environment
from tests.serving.http.world import free_port, until

pytestmark = [pytest.mark.browser_ui, pytest.mark.slow, pytest.mark.timeout(1200)]

WAIT_MS = 60_000
expect.set_options(timeout=WAIT_MS)
SIZE: ViewportSize = {"width": 1600, "height": 1000}
TWICE = "test-twice"


@dataclass(frozen=True)
class Ui:
    """A browser's page, and where Dagster and MLflow answer."""

    space: Workspace
    page: Page
    dagster: str
    mlflow: str

    def show(self, path: str, *, at: str = "") -> Page:
        self.page.goto((at or self.dagster) + path)
        return self.page

    def shot(self, name: str) -> None:
        """A picture where MEDRWR_SCREENSHOTS names a folder."""
        if folder := os.environ.get("MEDRWR_SCREENSHOTS"):
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"))

    def run_of(self, button: str) -> str:
        """Click a button that starts a run; its id."""
        before = set(self.runs())
        self.page.get_by_role("button", name=re.compile(button)).first.click(timeout=WAIT_MS)
        until(lambda: set(self.runs()) - before, "the run", seconds=60)
        (started,) = set(self.runs()) - before
        return started

    def runs(self) -> dict[str, str]:
        query = "{ runsOrError { ... on Runs { results { runId status } } } }"
        found = requests.post(f"{self.dagster}/graphql", json={"query": query}, timeout=30).json()
        return {run["runId"]: run["status"] for run in found["data"]["runsOrError"]["results"]}

    def end_of(self, run: str) -> str:
        until(lambda: self.runs()[run] in ("SUCCESS", "FAILURE", "CANCELED"), f"run {run}", seconds=300)
        return self.runs()[run]


@pytest.fixture(scope="module")
def ui(chain: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """`make ui`'s script on a copy of the chain, and Chromium; without a browser the tests are skipped."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no browser: install Debian's `chromium`")
    place = tmp_path_factory.mktemp("ui")
    space = chain.copy(place / "workspace")
    ports = {name: str(free_port()) for name in ("DAGSTER_PORT", "MLFLOW_PORT", "DOCS_PORT", "SERVE_PORT")}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    with (place / "ui.log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "infra/ui.sh"], cwd=space.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=environment() | ports | {"DAGSTER_HOME": str(place / "home")}, start_new_session=True,
        )  # fmt: skip
    try:
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport=SIZE)
            page.set_default_timeout(WAIT_MS)
            for address in (f"{addresses['DAGSTER_PORT']}/server_info", f"{addresses['MLFLOW_PORT']}/health"):
                until(lambda where=address: answers(where), address, seconds=120)
            yield Ui(space, page, addresses["DAGSTER_PORT"], addresses["MLFLOW_PORT"])
            browser.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def test_the_graph_has_all_stages(ui: Ui) -> None:
    """A group at a time: what is out of sight is not drawn."""
    groups = {node.group for node in read_graph(ui.space.root)}
    for group in sorted(groups):
        page = ui.show(f"/locations/dagster_project.definitions/asset-groups/{group}/lineage")
        for node in read_graph(ui.space.root):
            if node.group == group:
                expect(page.get_by_text(node.name.rpartition("@")[2], exact=True).first).to_be_visible()
        ui.shot(f"graph-{group}")
    page = ui.show("/asset-groups/")
    for group in groups:
        expect(page.get_by_text(group, exact=True).first).to_be_visible()
    ui.shot("graph")


def test_a_click_materialises_an_asset_and_its_log_is_live(ui: Ui) -> None:
    page = ui.show("/assets/calibrate")
    run = ui.run_of("Materialize$")
    ui.show(f"/runs/{run}")
    expect(page.get_by_text("RUN_START").first).to_be_visible()
    assert ui.end_of(run) == "SUCCESS"
    expect(page.get_by_text("RUN_SUCCESS").first).to_be_visible()
    ui.shot("run")


def test_a_plot_is_shown_and_the_mlflow_link_opens_the_run(ui: Ui) -> None:
    page = ui.show("/assets/calibrate")
    page.get_by_text("Show Markdown").last.click()
    expect(page.get_by_role("dialog").locator("img").first).to_be_visible()
    ui.shot("plot")
    page.keyboard.press("Escape")
    link = page.locator(f"a[href^='{ui.mlflow}']").first
    address = str(link.get_attribute("href"))
    run = re.findall(r"[0-9a-f]{32}", address)[-1]
    page.goto(address)
    expect(page.get_by_text(run).first).to_be_visible()
    ui.shot("mlflow-run")


def test_the_champion_is_visible(ui: Ui) -> None:
    page = ui.show("/#/models/med-rwr", at=ui.mlflow)
    expect(page.get_by_text("champion").first).to_be_visible()
    ui.shot("champion")


def test_a_failed_blocking_check_stops_what_follows_and_shows_the_rows(ui: Ui) -> None:
    """A question comes twice, by the user's own hand (`dvc commit`): the stage has nothing to do, its check fails."""
    file = ui.space.root / "data/clinic/questions/test.jsonl"
    first, *rest = file.read_text().splitlines()
    twice = json.dumps(json.loads(first) | {"question_id": TWICE})
    file.write_text("\n".join([first, *rest, twice, twice]) + "\n")
    ui.space.dvc("commit", "--quiet", "--force", "clinic")
    page = ui.show("/asset-groups/")
    run = ui.run_of("Materialize all")
    assert ui.end_of(run) == "FAILURE"
    assert made_by(ui, run) <= {"clinic", "encoders"}  # what does not follow from the questions may go on
    ui.show("/assets/clinic?view=checks&checkDetail=question_ids_unique")
    expect(page.get_by_text("Failed").first).to_be_visible()
    expect(page.get_by_role("cell", name=TWICE, exact=True).first).to_be_visible()
    ui.shot("check")


def made_by(ui: Ui, run: str) -> set[str]:
    """Assets that a run materialised."""
    query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { assetMaterializations { assetKey { path } } } } }"
    body = {"query": query, "variables": {"id": run}}
    found = requests.post(f"{ui.dagster}/graphql", json=body, timeout=30).json()
    return {one["assetKey"]["path"][0] for one in found["data"]["runOrError"]["assetMaterializations"]}
