"""The reader of Containerfiles; the root itself is made by hand (`python -m tests.benchmarks.fresh_root`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.debian_root import Root
from tests.benchmarks.fresh_root import IMAGES, Step, copy, follow, lent_install, steps_of


def test_the_images_steps_are_read_in_order() -> None:
    steps = steps_of(IMAGES / "Containerfile.cpu")
    assert [step.word for step in steps[:4]] == ["FROM", "RUN", "WORKDIR", "COPY"]
    assert steps[1].text.startswith("apt-get update ")
    assert steps[1].text.endswith("useradd --create-home --uid 10001 medrwr")
    assert [lent_install(step.text) != step.text for step in steps if step.word == "RUN"] == [False, True, False]


def test_what_only_sets_or_copies_is_done(tmp_path: Path) -> None:
    root, context = Root(tmp_path / "root"), tmp_path / "context"
    (context / "pipelines").mkdir(parents=True)
    (context / "pipelines/index.py").write_text("")
    (context / "README.md").write_text("read")
    for step in (
        Step("WORKDIR", "/opt/medrwr"),
        Step("USER", "10001"),
        Step("ENV", "A=1 B='2 3'"),
        Step("ENV", "PATH=/opt/venv/bin:$PATH"),
    ):
        follow(root, step, context)
    copy(root, context, ["README.md", "./"])
    copy(root, context, ["pipelines", "pipelines"])
    assert (root.user, root.variables["A"], root.variables["B"]) == ("10001", "1", "2 3")
    assert root.variables["PATH"].startswith("/opt/venv/bin:/opt/base/bin:")
    assert (root.folder / "opt/medrwr/README.md").read_text() == "read"
    assert (root.folder / "opt/medrwr/pipelines/index.py").is_file()
    with pytest.raises(ValueError, match="VOLUME is not known here"):
        follow(root, Step("VOLUME", "/workspace"), context)
