"""The stages knowledge_base, encoders, index and case_index on a small workspace, end to end with the real encoders."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medrwr.config import Params, parse
from medrwr.errors import ArtefactError, IndexMismatchError
from medrwr.records import read_records, write_records
from medrwr.retrieval import open_case_retriever, open_retriever
from medrwr.sinks import NullSink
from medrwr.types import ImageCase, Passage, Quarantined
from pipelines import case_index, encoders, index, knowledge_base
from pipelines.paths import Paths
from pipelines.stage import StageContext

SIGNS = ("granular apical ring", "solid basal band", "lucent medial disc", "striated lateral cross")
PARAMS = {
    "knowledge_base": {"sources": {"clinic": {"path": "data/clinic/documents"}}, "chunk_words": 10},
    "encoders": {"image_steps": 2, "image_batch": 4, "image_size": 28},
    "base": {"threads": 1},
}


def write_workspace(root: Path) -> None:
    documents, images = root / "data/clinic/documents", root / "data/clinic/images"
    documents.mkdir(parents=True)
    images.mkdir()
    for number, sign in enumerate(SIGNS):
        text = (
            f"A {sign} on dermoscopy points to ill{number}. A {sign} on dermoscopy is treated first with drug{number}."
        )
        (documents / f"ill{number}.md").write_text(f"---\ntitle: Ill{number}\nterms: {sign}\n---\n# Ill\n\n{text}\n")
    (documents / "broken.md").write_text("---\ntitle: cut off")
    rng = np.random.default_rng(0)
    cases = []
    for number in range(12):
        pixels = rng.integers(0, 255, (7, 7)).astype(np.uint8)
        Image.fromarray(np.kron(pixels, np.ones((8, 8), np.uint8))).save(images / f"{number}.png")
        cases.append(
            ImageCase(f"c{number}", f"images/{number}.png", f"{SIGNS[number % 4]} on dermoscopy", "dermoscopy")
        )
    (images / "11.png").write_bytes(b"\x89PNG broken")
    write_records(root / "data/clinic/encoder_pairs.jsonl", cases)
    write_records(root / "data/clinic/cases.jsonl", cases)


def context(root: Path, params: Params | None = None) -> StageContext:
    paths = Paths(root)
    paths.plots("encoders").mkdir(parents=True, exist_ok=True)
    return StageContext(params or parse(PARAMS), paths, NullSink())


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    write_workspace(root)
    knowledge_base.run(context(root), "clinic")
    encoders.run(context(root))
    index.run(context(root))
    case_index.run(context(root))
    return root


def test_knowledge_base_keeps_the_good_and_quarantines_the_bad(workspace: Path) -> None:
    result = knowledge_base.run(context(workspace), "clinic")
    assert (result.metrics["documents"], result.metrics["passages"], result.metrics["quarantined"]) == (4, 4, 1)
    folder = workspace / "data/knowledge_base/clinic"
    quarantined, _ = read_records(folder / "quarantine.jsonl", Quarantined)
    assert "truncated" in quarantined[0].reason
    passages, bad = read_records(folder / "passages.jsonl", Passage)
    assert (len(passages), bad) == (4, [])
    assert '"granular apical ring"' in (folder / "terms.jsonl").read_text()


def test_encoders_leave_curves_metrics_and_no_leftovers(workspace: Path) -> None:
    with (workspace / "plots/encoders/image_loss.csv").open() as rows:
        assert [row["step"] for row in csv.DictReader(rows)] == ["1", "2"]
    assert (workspace / "plots/encoders/image_similarity.csv").read_text().startswith("step,top1,true,near,far\n2,")
    assert sorted(path.name for path in (workspace / "models").iterdir()) == ["encoders"]


def test_m7_the_index_answers_a_query_about_a_sign(workspace: Path) -> None:
    paths = Paths(workspace)
    retriever = open_retriever(paths.index, paths.index_manifest, paths.encoders, parse(PARAMS).index, threads=1)
    (answer,) = retriever.search_batch(["solid basal band on dermoscopy, first treatment"])
    assert "drug1" in answer[0].passage.text
    assert answer[0].passage.title == "Ill1"


def test_stages_run_again_end_the_same(workspace: Path) -> None:
    paths = Paths(workspace)
    before = paths.index_manifest.read_text(), paths.case_index_manifest.read_text()
    first = index.run(context(workspace)).metrics
    assert (first["rows"], first["hybrid_recall_at_3"]) == (4, 1.0)
    assert case_index.run(context(workspace)).metrics["quarantined"] == 1
    assert (paths.index_manifest.read_text(), paths.case_index_manifest.read_text()) == before
    assert index.run(context(workspace)).metrics == first


def test_m26_the_case_index_leaves_the_image_itself_out(workspace: Path) -> None:
    paths = Paths(workspace)
    retriever = open_case_retriever(
        paths.case_index, paths.case_index_manifest, paths.encoders, paths.clinic, parse(PARAMS).case_index
    )
    cases, _ = read_records(paths.cases, ImageCase)
    answers = retriever.search_batch([retriever.load_image(case) for case in cases[:3]], k=10)
    for case, answer in zip(cases, answers, strict=False):
        assert len(answer) == 10  # 11 readable cases without the one itself
        assert case.case_id not in [scored.case.case_id for scored in answer]


def test_an_encoder_exported_anew_does_not_fit_the_old_index(workspace: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(workspace, root)
    card = root / "models/encoders/text/encoder.json"
    values = json.loads(card.read_text())
    card.write_text(json.dumps({**values, "digest": "0" * 64}))
    paths = Paths(root)
    with pytest.raises(IndexMismatchError, match=r"built with encoder 'all-MiniLM-L6-v2'.*run `dvc repro index`"):
        open_retriever(paths.index, paths.index_manifest, paths.encoders, parse(PARAMS).index)


def test_a_damaged_passage_file_is_named(workspace: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(workspace, root)
    (root / "data/knowledge_base/clinic/passages.jsonl").write_text('{"passage_id": "1"}\n')
    with pytest.raises(ArtefactError, match=r"passages.jsonl is damaged \(passages.jsonl:1"):
        index.run(context(root))
