"""Review: decisions by keyboard in a real browser, kept as lines, applied by the next `medrwr curate`."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import uvicorn
from playwright.sync_api import Page, expect, sync_playwright

from medrwr.curation.decisions import Decision, append_decision, apply_decisions, item_digest, read_decisions
from medrwr.records import read_records
from medrwr.types import Quarantined, Question
from pipelines.cli.curate import DECISIONS, DRAFTS, QUESTIONS, REJECTED, Request, curate
from pipelines.reviewing import review_app
from tests.curation.test_curate import make_archive


@pytest.fixture
def made(tmp_path: Path) -> Request:
    images, table = make_archive(tmp_path)
    request = Request(images, table, tmp_path / "out")
    curate(request)
    return request


@pytest.fixture
def address(made: Request) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    questions = read_records(made.out / DRAFTS, Question)[0]
    app = review_app(questions, made.images, made.out / DECISIONS)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as player:
        path = shutil.which("chromium") or shutil.which("google-chrome") or player.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no browser: install Debian's `chromium`, or run `playwright install chromium`")
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def test_items_are_decided_by_keyboard_and_the_next_curate_applies_it(made: Request, address: str, page: Page) -> None:
    drafts = read_records(made.out / QUESTIONS, Question)[0]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    state = page.locator("#state")
    expect(state).to_contain_text("Item 1 of 6, 0 decided")
    assert page.locator("#images img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 96
    page.keyboard.press("a")
    expect(state).to_contain_text("Item 2 of 6, 1 decided")
    page.keyboard.press("r")
    expect(state).to_contain_text("Item 3 of 6, 2 decided")
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type("Which <b>illness</b> is this?")
    page.keyboard.press("Control+Enter")
    expect(state).to_contain_text("Item 4 of 6, 3 decided")
    page.keyboard.press("k")
    expect(page.locator("#text")).to_have_text("Which <b>illness</b> is this?")
    assert said == []

    curate(made)
    kept = read_records(made.out / QUESTIONS, Question)[0]
    assert kept == [drafts[0], replace(drafts[2], text="Which <b>illness</b> is this?"), *drafts[3:]]
    rejected = {one.record_id: one.reason for one in read_records(made.out / REJECTED, Quarantined)[0]}
    assert rejected[drafts[1].question_id] == "review: rejected"


def test_no_other_host_and_no_bad_edit_is_served(made: Request, address: str) -> None:
    assert requests.get(address, headers={"Host": "evil.example"}).status_code == 400
    form = requests.post(f"{address}/decisions/0", data='{"verdict": "accept"}', headers={"Content-Type": "text/plain"})
    assert form.status_code == 422
    bad = requests.post(f"{address}/decisions/0", json={"verdict": "edit", "text": "?", "options": ["a", "A"]})
    assert bad.status_code == 422
    assert "repeats an option" in bad.json()["detail"]
    assert requests.get(f"{address}/image/0/5").status_code == 404
    assert not (made.out / DECISIONS).exists()


def test_the_last_decision_counts_and_an_item_made_anew_is_looked_at_anew(tmp_path: Path) -> None:
    question, file = Question("q", "Which one?", ("a", "b"), 0), tmp_path / "decisions.jsonl"
    append_decision(file, Decision("q", item_digest(question), "reject", reason="blurred"))
    assert apply_decisions([question], read_decisions(file))[1][0].reason == "review: blurred"
    assert apply_decisions([replace(question, text="Another?")], read_decisions(file))[1] == []
    with file.open("a") as stream:
        stream.write('{"question_id": "q", "ver')
    append_decision(file, Decision("q", item_digest(question), "accept"))
    assert apply_decisions([question], read_decisions(file)) == ([question], [])
