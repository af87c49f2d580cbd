"""Real input: MedQuAD beside the clinic's documents in the knowledge base, a VQA-RAD image with its question.

The policy is a tiny one that has only learned the protocol: what it answers is of no matter, that the chain works is.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from medrwr.datasets.vqa_rad import read_vqa_rad
from medrwr.retrieval.text_export import PACKAGED, export_text_encoder, text_encoder_source
from pipelines.cli.main import main
from pipelines.runner import run_stage

PARAMS = """
base: {device: cpu}
rollout: {max_completion_tokens: 2000}
knowledge_base:
  sources:
    clinic: {path: data/clinic/documents}
    medquad: {path: documents/medquad, format: medquad}
"""
CLINIC = """---
title: Tarvenosis
modality: echocardiography
licence: CC0
---
# Tarvenosis
## Treatment
A granular ring points to tarvenosis. Tarvenosis is treated first with kemopril, and the dose is raised slowly.
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, medical_data: Path) -> Path:
    root = tmp_path_factory.mktemp("real")
    (root / "params.yaml").write_text(PARAMS)
    (root / "data/clinic/documents").mkdir(parents=True)
    (root / "data/clinic/documents/tarvenosis.md").write_text(CLINIC)
    (root / "documents/medquad").mkdir(parents=True)
    for file in sorted((medical_data / "text/medquad/8_NHLBI_QA_XML").glob("*.xml"))[:6]:
        shutil.copy(file, root / "documents/medquad")
    export_text_encoder(text_encoder_source(PACKAGED), root / "models/encoders/text", name=PACKAGED, max_tokens=64)
    for source in ("clinic", "medquad"):
        run_stage("knowledge_base", source=source, root=root)
    run_stage("index", root=root)
    return root


def test_both_sources_are_in_the_index(workspace: Path) -> None:
    assert json.loads((workspace / "metrics/index.json").read_text())["sources"] == 2
    assert json.loads((workspace / "metrics/knowledge_base_medquad.json").read_text())["passages"] > 20


def test_ask_answers_a_radiology_question_with_medquad_passages(
    workspace: Path,
    checkpoint: Path,
    medical_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = medical_data / "vqa/vqa-rad"
    question = next(one for one in read_vqa_rad(folder)[0] if len(one.options) == 2)
    arguments = ["ask", "--image", str(folder / question.images[0]), "--question", question.text]
    for option in question.options:
        arguments += ["--option", option]
    arguments += ["--query", "how is anemia treated"]
    monkeypatch.chdir(workspace)
    monkeypatch.setattr(
        sys, "argv", ["medrwr", *arguments, "--model", str(checkpoint), "--index", "data/index", "--json"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    reply = json.loads(capsys.readouterr().out)
    assert reply["answer"] in ("A", "B")
    assert {"think", "query", "retrieve"} <= {step["kind"] for step in reply["trajectory"]}
    medquad = [source for source in reply["sources"] if source["source"] == "medquad"]
    assert "Anemia" in {source["title"] for source in medquad}
    passages = (workspace / "data/knowledge_base/medquad/passages.jsonl").read_text().splitlines()
    known = {record["passage_id"]: record["text"] for record in map(json.loads, passages)}
    assert all(known[source["passage_id"]] == source["text"] for source in medquad)


def test_eval_of_vqa_rad_with_medquad_passages(
    workspace: Path,
    checkpoint: Path,
    medical_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command on two real sets; given again, it asks nothing again; over another index it is refused."""
    command = ["medrwr", "eval", "--benchmark", "vqa-rad,pubmedqa", "--limit", "4", "--model", str(checkpoint)]
    command += ["--only", "closed"]
    command += ["--data", str(medical_data / "vqa/vqa-rad"), "--data", str(medical_data / "mcq/pubmedqa")]
    monkeypatch.chdir(workspace)
    monkeypatch.setattr(sys, "argv", [*command, "--out", "run"])
    for told in (False, True):
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        printed = capsys.readouterr().out
        assert "vqa-rad: 639 not asked: open question" in printed
        assert ("8 answers of an earlier start" in printed) == told
    lines = [json.loads(line) for line in (workspace / "run/per_question.jsonl").read_text().splitlines()]
    assert [line["benchmark"] for line in lines] == ["vqa-rad"] * 4 + ["pubmedqa"] * 4
    shutil.copytree(workspace / "data/index", workspace / "data/other")
    manifest = (workspace / "data/index_manifest.json").read_text()
    (workspace / "data/other_manifest.json").write_text(manifest + "\n")
    monkeypatch.setattr(sys, "argv", [*command, "--out", "run", "--index", "data/other"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "holds a run that differs in digests.index" in capsys.readouterr().err
