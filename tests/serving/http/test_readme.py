"""The README's example of the client runs as it stands, but for the address and the image's name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.serving.http.world import Running

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_example_of_the_client_runs(server: Running, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    (example,) = [block for block in blocks if "Client(" in block]
    assert "http://127.0.0.1:8008" in example
    here = example.replace("http://127.0.0.1:8008", server.address).replace("scan.png", str(images / "1.png"))
    exec(compile(here, "README.md", "exec"), {})
    first, *kinds = capsys.readouterr().out.splitlines()
    assert first.split()[0] in ("kemopril", "tarvex")
    assert kinds[-1] == "answer"
    assert set(kinds) >= {"delta", "think"}
    assert '"correct_letter": "B"' in (server.folder / "feedback/feedback.jsonl").read_text()
