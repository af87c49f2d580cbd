"""`medrwr kb`: add keeps params.yaml as it is but for the source, refuses bad folders; list, stats, search, verify."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from medrwr.config import Params, parse
from medrwr.errors import ArtefactError, ConfigError, DigestError
from medrwr.retrieval.text_export import PACKAGED, export_text_encoder, text_encoder_source
from pipelines.cli.kb_add import Request, add, with_source
from pipelines.cli.kb_report import list_sources, source_stats, stats
from pipelines.cli.kb_search import search
from pipelines.cli.kb_verify import verify
from pipelines.params import load_params, read_yaml
from pipelines.paths import Paths
from tests.knowledge_base.samples import SAMPLES

REPOSITORY = Path(__file__).resolve().parents[2]
PARAMS = """# what this workspace is for
base:
  threads: 1 # one core
knowledge_base:
  sources:
    notes: # our own
      path: notes
  chunk_words: 20
index:
  minimum_known_items: 0.0
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with one source, and a folder of documents of every format beside it."""
    root = tmp_path / "workspace"
    (root / "notes").mkdir(parents=True)
    (root / "notes/first.md").write_bytes(SAMPLES["note.md"]("Melkosis"))
    (root / "params.yaml").write_text(PARAMS)
    papers = tmp_path / "Some papers"
    papers.mkdir()
    for name, make in SAMPLES.items():
        (papers / name).write_bytes(make(f"Tarvenosis {name.replace('.', ' ')}"))
    (papers / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    monkeypatch.chdir(root)
    return root


def console() -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=160, color_system=None), stream


def test_add_names_the_source_and_keeps_every_other_line(root: Path) -> None:
    add(Request(root.parent / "Some papers", licence="CC0", index=False))
    lines = (root / "params.yaml").read_text().splitlines()
    assert [line for line in lines if line in PARAMS.splitlines()] == PARAMS.splitlines()
    entry = load_params(root).knowledge_base.sources["some-papers"]
    assert (entry.path, entry.licence) == (str(root.parent / "Some papers"), "CC0")
    metrics = json.loads((root / "metrics/knowledge_base_some-papers.json").read_text())
    assert metrics["documents"] == len(SAMPLES)
    before = (root / "params.yaml").read_text()
    add(Request(root.parent / "Some papers", index=False))  # again: nothing new
    assert (root / "params.yaml").read_text() == before


@pytest.mark.parametrize("path", [REPOSITORY / "params.yaml", REPOSITORY / "params/paper.yaml"])
def test_the_committed_parameters_change_in_the_new_source_only(path: Path) -> None:
    text = path.read_text()
    new = with_source(text, "mine", {"path": "/data/mine", "format": "auto"})
    added = [line for line in new.splitlines() if line not in text.splitlines()]
    assert added == ["    mine:", "      path: /data/mine"]
    assert len(new.splitlines()) == len(text.splitlines()) + 3
    assert parse(read_yaml(path)).index == load_values(new).index


def load_values(text: str) -> Params:
    from ruamel.yaml import YAML

    return parse(YAML(typ="safe", pure=True).load(text))


@pytest.mark.parametrize(
    ("make", "request_of", "reason"),
    [
        ("", lambda root: Request(root / "nowhere"), "is missing, expected a folder"),
        ("", lambda root: Request(root / "params.yaml"), "is a file, expected a folder"),
        ("", Request, "holds this workspace"),
        ("", lambda root: Request(root / "notes", name="other"), "is the source 'notes' already"),
        ("notes/inner", lambda root: Request(root / "notes/inner"), "share documents"),
        ("data/knowledge_base/x", lambda root: Request(root / "data/knowledge_base/x"), "where stages write"),
        ("more", lambda root: Request(root / "more", name="Bad Name"), "cannot name a source"),
        ("more", lambda root: Request(root / "more", name="notes"), "choose another name"),
        ("more", lambda root: Request(root / "more", format="docx"), "format"),
        ("more", lambda root: Request(root / "more"), "is empty"),
    ],
)
def test_a_bad_folder_is_refused_and_nothing_is_changed(root: Path, make: str, request_of: object, reason: str) -> None:
    if make:
        (root / make).mkdir(parents=True)
    with pytest.raises((ConfigError, ArtefactError), match=reason):
        add(request_of(root))  # type: ignore[operator]
    assert (root / "params.yaml").read_text() == PARAMS
    assert not (root / "data/knowledge_base/more").exists()


def test_list_and_stats_say_what_is_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    screen, shown = console()
    list_sources(console=screen)
    assert "notes" in shown.getvalue()
    add(Request(root.parent / "Some papers", name="papers", index=False))
    capsys.readouterr()
    list_sources(as_json=True)
    rows = {row["source"]: row for row in json.loads(capsys.readouterr().out)}
    assert "documents" not in rows["notes"]
    assert (rows["papers"]["documents"], rows["papers"]["quarantined"]) == (len(SAMPLES), 8)
    figures = source_stats(Paths(root).knowledge_base("papers"), 20)
    assert figures["documents"] == len(SAMPLES)
    assert figures["years"] == "2019 to 2021"
    assert figures["licences"]["CC BY 4.0"] > 0
    screen, shown = console()
    stats(console=screen)
    assert "is not a readable PDF" in shown.getvalue()


def test_search_and_verify_on_a_built_index(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the real encoder: what was added is found, what was changed behind the back is told."""
    export_text_encoder(text_encoder_source(PACKAGED), root / "models/encoders/text", name=PACKAGED, max_tokens=64)
    add(Request(root / "notes"))
    add(Request(root.parent / "Some papers", name="papers"))
    capsys.readouterr()
    add(Request(root / "notes"))
    assert "nothing has changed" in capsys.readouterr().out
    (root / "data/index_manifest.json").unlink()
    add(Request(root / "notes"))
    assert "nothing has changed" not in capsys.readouterr().out
    screen, shown = console()
    search("treatment of Melkosis", count=1, console=screen)
    assert "1. Melkosis" in shown.getvalue()
    screen, shown = console()
    search("treatment of Melkosis", count=5, sources=("papers",), console=screen)
    assert "Tarvenosis" in shown.getvalue()
    assert "notes" not in shown.getvalue()
    with pytest.raises(ConfigError, match="did you mean 'papers'"):
        search("treatment", count=1, sources=("paper",))
    screen, shown = console()
    verify(console=screen)
    assert shown.getvalue().count(", agrees") == 3
    (root / "notes/second.md").write_bytes(SAMPLES["note.md"]("Orvenosis"))
    with pytest.raises(DigestError, match=r"'notes': 1 files were added or changed.*medrwr kb add notes"):
        verify()
    add(Request(root / "notes", index=False))
    with pytest.raises(DigestError, match="dvc repro index"):
        verify()
    passages = root / "data/knowledge_base/notes/passages.jsonl"
    passages.write_text(passages.read_text().replace("kemopril", "lomidine"))
    with pytest.raises(DigestError, match="changed after they were made"):
        verify()
    shutil.rmtree(root / "data/knowledge_base/papers")
    with pytest.raises(DigestError, match="does not exist"):
        verify()
