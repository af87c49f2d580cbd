"""Questions and images as people and clients send them."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from medrwr.errors import ImageError, QuestionError
from medrwr.serving.asking import Ask, to_question

OPTIONS = ("kemopril", "metoral")


@pytest.fixture(scope="module")
def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (8, 6), 100).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["path", "bytes", "base64", "data_url"])
def test_an_image_comes_in_four_forms(tmp_path: Path, png: bytes, form: str) -> None:
    (tmp_path / "in.png").write_bytes(png)
    text = base64.b64encode(png).decode()
    image = {
        "path": str(tmp_path / "in.png"),
        "bytes": png,
        "base64": text,
        "data_url": f"data:image/png;base64,{text}",
    }[form]
    question = to_question(Ask("What?", OPTIONS, image), 1, tmp_path)
    with Image.open(tmp_path / question.images[0]) as decoded:
        assert (decoded.size, decoded.getpixel((0, 0))) == ((8, 6), (100, 100, 100))


def test_a_question_needs_no_image(tmp_path: Path) -> None:
    question = to_question(Ask(" What? ", OPTIONS), 2, tmp_path)
    assert (question.text, question.images, question.letters) == ("What?", (), "AB")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (Ask("  ", OPTIONS), "question 1 is empty"),
        (Ask("What?", ("kemopril",)), "has 1 options, expected 2 to 10"),
        (Ask("What?", ("kemopril", "Kemopril ")), "repeats an option"),
        (Ask("What?", ("kemopril", " ")), "has an empty option"),
    ],
)
def test_a_bad_question_is_explained(tmp_path: Path, ask: Ask, message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        to_question(ask, 1, tmp_path)


def test_a_broken_image_is_explained(tmp_path: Path, png: bytes) -> None:
    for image, message in [
        (png[:40], "cannot be decoded"),
        (b"", "unknown format"),
        (b"GIF89a nonsense", "cannot be decoded"),
        ("no/such/file.png", "neither an existing file nor base64"),
        ("x" * 5000, "cannot be decoded|neither"),
    ]:
        with pytest.raises(ImageError, match=message):
            to_question(Ask("What?", OPTIONS, image), 1, tmp_path)
