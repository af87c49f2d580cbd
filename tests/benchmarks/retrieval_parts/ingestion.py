"""All of MedQuAD by one command, `medrwr kb add`, in a workspace of its own: the first time, and when little changed.

Every figure is a whole process: start, reading, encoding, indexing, its quality gate, tracking.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from medrwr.retrieval.text_export import PACKAGED, export_text_encoder, text_encoder_source
from tests.benchmarks.retrieval_parts.data import some_documents

REPOSITORY = Path(__file__).resolve().parents[3]
PARAMS = """
base: {threads: 2}
knowledge_base:
  sources:
    medquad: {path: ../documents}
  chunk_words: 100
  tail_share: 1.0
encoders: {text_max_tokens: 256, text_precision: bfloat16}
index: {fusion: score, text_weight: 0.6, minimum_known_items: 0.0}
"""


def measure(root: Path, data: Path, *, small: bool) -> dict[str, float]:
    """Seconds of the first run, of nothing changed, of 1% of the documents changed, of one document deleted."""
    workspace, documents = root / "workspace", root / "documents"
    workspace.mkdir(parents=True)
    (workspace / "params.yaml").write_text(PARAMS)
    documents.mkdir()
    some_documents(data / "text/medquad", documents, 60 if small else None, seed=7)
    encoder = workspace / "models/encoders/text"
    export_text_encoder(text_encoder_source(PACKAGED), encoder, name=PACKAGED, max_tokens=256, precision="bfloat16")
    figures = {"whole_s": add(workspace)}
    figures |= {"documents": counts(workspace)["documents"], "passages": counts(workspace)["passages"]}
    figures["unchanged_s"] = min(add(workspace) for _ in range(3))
    files = sorted(path for path in documents.rglob("*.xml") if "</Answer>" in path.read_text(encoding="utf-8"))
    for path in files[:: 10 if small else 100]:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("</Answer>", " Reviewed again this year.</Answer>"), encoding="utf-8")
    figures["one_percent_s"] = add(workspace)
    figures["one_percent_share"] = figures["one_percent_s"] / figures["whole_s"]
    gone = max(files, key=lambda path: path.stat().st_size)
    name = gone.relative_to(documents).as_posix()
    figures["passages_of_it_before_deletion"] = float(passages_of(name, workspace))
    gone.unlink()
    figures["removal_s"] = add(workspace)
    figures["passages_of_a_deleted_document"] = float(passages_of(name, workspace))
    return figures


def add(workspace: Path) -> float:
    """Seconds of `medrwr kb add`, its verdict checked by `medrwr kb verify`."""
    start = time.perf_counter()
    _medrwr(workspace, "add", "../documents", "--name", "medquad")
    took = time.perf_counter() - start
    _medrwr(workspace, "verify")
    return took


def counts(workspace: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((workspace / "metrics/knowledge_base_medquad.json").read_text())
    return found


def passages_of(document: str, workspace: Path) -> int:
    """Rows of the published index that are of this document."""
    import lancedb

    from medrwr.retrieval.manifest import read_generations

    generation = read_generations(workspace / "data/index", stage="index")[0]
    table = lancedb.connect(str(workspace / "data/index")).open_table(generation.table)
    table.checkout(generation.version)
    lines = table.search().select(["passage"]).to_arrow()["passage"].to_pylist()
    return sum(json.loads(line)["document_id"] == document for line in lines)


def _medrwr(workspace: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "pipelines.cli.main", "kb", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-2000:]}")
