"""The page in a real browser: asked, watched, read, by mouse and by keyboard; nothing is loaded from elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from medrwr.policy.loading import Policy
from tests.rollout.world import question
from tests.serving.http.world import OPTIONS, UNSURE, Running, Shelf, answerer, running

QUESTION = question(1, image=True).text
SERIOUS = {"serious", "critical"}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that `playwright install chromium` brought; without one the tests are skipped."""
    with sync_playwright() as player:
        path = shutil.which("chromium") or shutil.which("google-chrome") or player.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no browser: install Debian's `chromium`, or run `playwright install chromium`")
        opened = player.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def live(trained: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(Shelf(lambda: answerer(trained, threshold=UNSURE)), tmp_path_factory.mktemp("page")) as one:
        yield one


class Watched:
    """A page, what it said on the console, and what it asked others for."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.said, self.elsewhere = page, list[str](), list[str]()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self._see(request.url, address))
        page.goto(address)
        page.wait_for_selector("#examples-list li")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(message.text)

    def _see(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.elsewhere.append(url)


@pytest.fixture
def seen(browser: Browser, live: Running) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watched = Watched(context.new_page(), live.address)
    yield watched
    context.close()
    assert watched.said == []
    assert watched.elsewhere == []


def shot(page: Page, name: str) -> None:
    """A picture of the page where MEDRWR_SCREENSHOTS names a folder."""
    folder = os.environ.get("MEDRWR_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def fill_in(page: Page, text: str = QUESTION) -> None:
    page.fill("#question", text)
    for number, option in enumerate(OPTIONS):
        page.fill(f"#options li:nth-child({number + 1}) input", option)


def wait_for_answer(page: Page) -> None:
    page.wait_for_selector("#verdict .headline .letter", timeout=60_000)


def serious(page: Page) -> list[str]:
    """Findings of axe that shut somebody out."""
    result: dict[str, Any] = Axe().run(page).response
    found = [one for one in result["violations"] if one["impact"] in SERIOUS]
    return [f"{one['help']}: {[node['html'] for node in one['nodes']]}" for one in found]


def test_a_clinic_image_is_asked_about_and_its_sources_are_read(seen: Watched, images: Path) -> None:
    page = seen.page
    assert page.get_by_text("Research use only.", exact=True).is_visible()
    page.set_input_files("#file", str(images / "1.png"))
    page.wait_for_selector("#scan:not([hidden])")
    fill_in(page)
    page.click("#ask")
    wait_for_answer(page)
    kinds = page.eval_on_selector_all("#trace > li", "all => all.map(one => one.className.split('step-')[1])")
    assert kinds[:3] == ["think", "query", "passages"]
    assert "cases" in kinds
    page.click("#trace details summary >> nth=0")
    assert page.locator("#trace details[open] mark").count() > 0
    assert page.locator("#cases figure").count() == 2
    page.click("#cases .enlarge")
    assert page.locator("#viewer[open] figure").count() == 2
    page.click("#viewer-close")
    assert page.locator(".bars li").count() == len(OPTIONS)
    assert "guessing among 4 would be 25%" in str(page.get_attribute(".gauge svg", "aria-label"))
    shot(page, "asked")
    assert serious(page) == []


def test_a_real_dicom_file_is_shown_without_its_header(seen: Watched, medical_data: Path, live: Running) -> None:
    file = next(iter(sorted(medical_data.glob("dicom/**/CT_small.dcm"))), None)
    assert file is not None
    page = seen.page
    page.set_input_files("#file", str(file))
    page.wait_for_selector("#scan:not([hidden])")
    assert "eader left out" in page.inner_text("#scan-note")
    fill_in(page)
    page.click("#ask")
    wait_for_answer(page)
    shot(page, "dicom")
    assert b"CompressedSamples" not in b"".join(one.read_bytes() for one in live.folder.rglob("*.jsonl"))


def test_the_keyboard_is_enough(seen: Watched) -> None:
    page = seen.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.type(QUESTION)
    for option in OPTIONS:
        until_focus(page, "#options input")
        page.keyboard.type(option)
    page.keyboard.press("Control+Enter")
    wait_for_answer(page)
    until_focus(page, "#trace summary")
    page.keyboard.press("Enter")
    assert page.locator("#trace details[open]").count() == 1


def until_focus(page: Page, selector: str) -> None:
    """Press Tab until something of this kind, other than what has the focus now, has it."""
    sought = [selector, page.evaluate_handle("document.activeElement")]
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("([s, b]) => document.activeElement.matches(s) && document.activeElement !== b", sought):
            return
    raise AssertionError(f"no {selector} is reached by Tab")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it(browser: Browser, live: Running, images: Path, scheme: str) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=scheme, has_touch=True)  # type: ignore[arg-type]
    watched = Watched(context.new_page(), live.address)
    page = watched.page
    page.set_input_files("#file", str(images / "2.png"))
    fill_in(page)
    page.click("#ask")
    wait_for_answer(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    shot(page, f"phone-{scheme}")
    assert serious(page) == []
    context.close()
    assert watched.said == []
    assert watched.elsewhere == []


def test_feedback_and_what_is_missing(seen: Watched, live: Running) -> None:
    page = seen.page
    page.click("#ask")
    assert page.inner_text("#question-problem") == "Type a question."
    fill_in(page)
    page.click("#ask")
    wait_for_answer(page)
    page.get_by_role("button", name="Right", exact=True).click()
    page.wait_for_selector("text=Thank you. It is kept for curation.")
    assert (live.folder / "feedback/feedback.jsonl").read_text().count('"rating": "right"') == 1
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the trajectory").click()
    page.wait_for_selector("text=Copied.")
