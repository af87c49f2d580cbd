"""Which cases the browser shows, and the page in a real browser."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from medrwr.evaluation.cases import pick_cases
from medrwr.evaluation.page import picture
from tests.evaluation.browsing import answered_questions, write_page


def test_m32_every_kind_has_its_turn_and_the_bound_holds(tmp_path: Path) -> None:
    answered = answered_questions(tmp_path)
    kinds = Counter(case.failure for case in pick_cases(answered, at_most=10))
    assert kinds == {"": 3, "integration": 3, "no answer": 2, "no query": 2}  # in turn, until 10 are found
    assert len(pick_cases(answered, at_most=99)) == 12
    assert pick_cases(answered, at_most=0) == []
    assert pick_cases(answered, at_most=10) == pick_cases(answered, at_most=10)


def test_a_large_picture_is_a_thumbnail_without_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "name of a patient"
    Image.effect_noise((2000, 1500), 50).convert("RGB").save(tmp_path / "large.jpg", exif=exif)
    shown = picture(tmp_path / "large.jpg", "an image")
    assert shown.startswith('<img src="data:image/jpeg;base64,')
    assert len(shown) < 80_000
    (tmp_path / "broken.png").write_bytes(b"no image")
    assert "broken.png cannot be shown" in picture(tmp_path / "broken.png", "an image")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no browser: install Debian's `chromium`")
    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_filters_cases_and_runs_nothing_of_theirs(browser, tmp_path, scheme, width) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints, asked = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(write_page(tmp_path).as_uri())
    shown = page.locator("details.case:not([hidden])")
    expect(shown).to_have_count(10)
    expect(page.get_by_role("status")).to_have_text("10 of 10 cases")
    for drawn in page.locator("svg").all():
        assert drawn.bounding_box()["height"] > 50
    page.get_by_label("Failure").select_option("integration")
    expect(shown).to_have_count(3)
    page.get_by_label("Text").fill("window.taken")
    expect(shown).to_have_count(2)  # the hostile passages, as text
    shown.first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(shown.first.get_by_text("window.taken = true").first).to_be_visible()
    page.get_by_role("button", name="All").click()
    page.get_by_label("Verdict").select_option("right")
    expect(page.get_by_role("status")).to_have_text("3 of 10 cases")
    assert page.evaluate("window.taken === undefined")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
    assert all(url.startswith(("file:", "data:")) for url in asked)
    page.close()
