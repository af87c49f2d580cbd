"""Books to benchmark (Appendix B): practice questions in Markdown become ECBench's format and are read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.curation.book import read_book
from medrwr.curation.book_text import without_references
from medrwr.datasets.benchmarks import ecbench
from medrwr.datasets.benchmarks.record import Request
from medrwr.errors import ArtefactError
from medrwr.records import read_records
from medrwr.types import Quarantined
from pipelines.cli.curate_more import REJECTED, curate_book

BOOK = """# Practice

## Aortic stenosis

**Question 1.** A patient faints [3,4]. What does the **Doppler** trace (Figure 2-1) show?

![Figure 2-1](figures/one.png)

A. Severe stenosis of the
aortic valve
B. Mild stenosis
- C) Regurgitation (Nagueh et al., 2016)

**Answer: A**
Explanation: The gradient is above 40 mmHg [^7]. There are two signs:
1. a late peak
2. a low pitch

2. Which view is this?
![](figures/two.png) ![](figures/one.png)
(A) Apical
(B) Subcostal

## Mitral valve

3. Which is broken?
![](figures/broken.png)
A. yes
B. no
Answer: B

4. Which shows nothing?
A. yes
B. no
Answer: B

5. Which is outside?
![](../secret.png)
A. yes
B. no
Answer: B

6. Which skips a letter?
![](figures/one.png)
A. yes
C. no
Answer: A

## Answers
1. A  2. B
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    figures = tmp_path / "book/figures"
    figures.mkdir(parents=True)
    for number, name in enumerate(("one", "two")):
        pixels = np.random.default_rng(number).integers(0, 255, (32, 32), dtype=np.uint8)
        Image.fromarray(pixels).save(figures / f"{name}.png")
    (figures / "broken.png").write_bytes((figures / "one.png").read_bytes()[:70])
    Image.new("L", (8, 8)).save(tmp_path / "secret.png")
    (tmp_path / "book/book.md").write_text(BOOK)
    return tmp_path / "book/book.md"


def test_parts_of_an_item_are_told_apart_and_references_removed() -> None:
    one, two = read_book(BOOK)[:2]
    assert one.question == "A patient faints. What does the Doppler trace show?"
    assert one.options == ["Severe stenosis of the aortic valve", "Mild stenosis", "Regurgitation"]
    assert (one.answer, one.chapter, one.images) == ("A", "Aortic stenosis", ["figures/one.png"])
    assert one.explanation.startswith("The gradient is above 40 mmHg. There are two signs: 1. a late peak")
    assert (two.question, two.answer) == ("Which view is this?", "B")  # from the key at the end
    assert two.images == ["figures/two.png", "figures/one.png"]


def test_the_benchmark_is_read_back_as_it_was_and_each_item_left_out_has_its_reason(book: Path, tmp_path: Path) -> None:
    assert curate_book(book, tmp_path / "out") == 2
    read = ecbench.read(Request(tmp_path / "out", "test", tmp_path / "unpacked"))
    assert not read.excluded
    items = read_book(BOOK)[:2]
    for question, item in zip(read.closed, items, strict=True):
        assert (question.text, list(question.options)) == (item.question, item.options)
        assert (question.gold_letter, question.kind) == (item.answer, item.chapter)
        for image, source in zip(question.images, item.images, strict=True):
            assert (read.image_root / image).read_bytes() == (book.parent / source).read_bytes()
    reasons = [one.reason for one in read_records(tmp_path / "out" / REJECTED, Quarantined)[0]]
    assert len(reasons) == 4
    for reason, part in zip(reasons, ("broken", "it shows none", "outside", "C follows 1"), strict=True):
        assert part in reason


def test_a_book_without_questions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "book.md").write_text("# A chapter\n\nProse, and no question.\n")
    with pytest.raises(ArtefactError, match="no numbered question"):
        curate_book(tmp_path / "book.md", tmp_path / "out")
    with pytest.raises(ArtefactError, match="give a Markdown file"):
        curate_book(tmp_path / "none.md", tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("It rises [3,4] early (Nagueh et al., 2016).", "It rises early."),
        ("See [the guideline](https://x.org/a) now<sup>12</sup>.", "See the guideline now."),
        ("An EF of 55% (normal) in 2016 (see Table 3).", "An EF of 55% (normal) in 2016."),
        ("Two options (A and B) of [L-R] shunt", "Two options (A and B) of [L-R] shunt"),
    ],
)
def test_references_go_and_what_is_said_stays(text: str, left: str) -> None:
    assert without_references(text) == left
