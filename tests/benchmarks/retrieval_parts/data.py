"""Real sets for retrieval: passages, and questions with the documents that answer them."""

from __future__ import annotations

import json
import random
import re
import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from medrwr.config import KnowledgeBaseSettings
from medrwr.knowledge_base import build_knowledge_base
from medrwr.types import Passage

CHUNK_WORDS = 100  # M7


@dataclass(frozen=True, slots=True)
class Question:
    """A query and the ids of the documents that answer it."""

    text: str
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class RealSet:
    """Passages, and questions over their documents; `development` questions are for choosing weights only."""

    name: str
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...]
    development: tuple[Question, ...] = ()


def medquad(data: Path, *, documents: int | None, questions: int, seed: int) -> tuple[RealSet, RealSet]:
    """MedQuAD: question -> the documents that ask it; and the same with the focus replaced by a synonym of it.

    Questions to judge by and those to develop with (of both kinds) are about different conditions.
    """
    folder = data / "text/medquad"
    settings = KnowledgeBaseSettings(chunk_words=CHUNK_WORDS)
    with tempfile.TemporaryDirectory() as name:
        source = folder if documents is None else some_documents(folder, Path(name), documents, seed)
        passages = build_knowledge_base(source, source="medquad", settings=settings).passages
    asked: dict[str, set[str]] = defaultdict(set)
    for passage in passages:
        asked[_plain(passage.section)].add(passage.document_id)
    titles = sorted({_plain(passage.title) for passage in passages})
    judged = set(random.Random(seed).sample(titles, len(titles) // 2))
    order = sorted({(one.section, one.document_id, _plain(one.title) in judged) for one in passages if one.section})
    random.Random(seed).shuffle(order)
    plain: dict[bool, list[Question]] = {True: [], False: []}
    renamed: dict[bool, list[Question]] = {True: [], False: []}
    for text, document, judge in order:
        right = frozenset(asked[_plain(text)])
        plain[judge].append(Question(text, right))
        other = _renamed(text, folder / document, random.Random(f"{seed}:{text}"))
        if other is not None:
            renamed[judge].append(Question(other, right))
    development = (*plain[False][:questions], *renamed[False][:questions])
    return (
        RealSet("medquad", passages, tuple(plain[True][:questions]), development),
        RealSet("paraphrased", passages, tuple(renamed[True][:questions]), development),
    )


def bioasq(data: Path, *, questions: int, seed: int) -> RealSet:
    """BioASQ 7b and 8b: question -> the PubMed ids of its snippets; a document is all snippets of one id."""
    snippets: dict[str, dict[str, None]] = defaultdict(dict)
    asked: dict[str, set[str]] = defaultdict(set)
    for path in sorted((data / "mcq/mirage/bioasq").rglob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8"))["questions"]:
            for snippet in entry.get("snippets", ()):
                identity = snippet["document"].rsplit("/", 1)[-1]
                snippets[identity][" ".join(snippet["text"].split())] = None
                asked[entry["body"]].add(identity)
    passages = tuple(
        Passage(f"bioasq-{identity}-{number}", text, identity, source="bioasq")
        for identity, texts in sorted(snippets.items())
        for number, text in enumerate(texts)
    )
    found = [Question(" ".join(text.split()), frozenset(ids)) for text, ids in sorted(asked.items())]
    random.Random(seed).shuffle(found)
    half = len(found) // 2
    return RealSet("bioasq", passages, tuple(found[:half][:questions]), tuple(found[half:][:questions]))


def pubmedqa(data: Path, others: RealSet, *, questions: int, seed: int) -> RealSet:
    """PubMedQA: question -> its abstract, among the passages of `others`, whose questions it is developed with."""
    entries = json.loads((data / "mcq/pubmedqa/ori_pqal.nontest.json").read_text(encoding="utf-8"))
    passages = tuple(
        Passage(f"pubmedqa-{identity}-{number}", " ".join(text.split()), identity, source="pubmedqa", section=label)
        for identity, entry in sorted(entries.items())
        for number, (text, label) in enumerate(zip(entry["CONTEXTS"], entry["LABELS"], strict=True))
    )
    found = [Question(entry["QUESTION"], frozenset({identity})) for identity, entry in sorted(entries.items())]
    random.Random(seed).shuffle(found)
    known = {passage.document_id for passage in passages}
    kept = tuple(passage for passage in others.passages if passage.document_id not in known)
    return RealSet("pubmedqa", passages + kept, tuple(found[:questions]), others.development)


def some_documents(folder: Path, place: Path, count: int | None, seed: int) -> Path:
    """Copies `count` (None: all) of the files to `place`."""
    paths = sorted(folder.rglob("*.xml"))
    chosen = paths if count is None else random.Random(seed).sample(paths, min(count, len(paths)))
    for path in chosen:
        copy = place / path.relative_to(folder)
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
    return place


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _renamed(question: str, path: Path, rng: random.Random) -> str | None:
    """The question with its focus replaced by a synonym; None without either, or where they are nearly one."""
    path = path if path.is_file() else path.with_name(f"{path.name}.xml")
    if not path.is_file():
        return None
    root = ET.parse(path).getroot()  # benchmark data of this repository's own choice
    focus = " ".join((root.findtext("Focus") or "").split())
    names = [" ".join((entry.text or "").split()) for entry in root.iter("Synonym")]
    pattern = re.compile(re.escape(re.sub(r"\s*\(.*?\)$", "", focus)), re.IGNORECASE)
    names = [name for name in names if name and _plain(name) != _plain(focus)]
    if not focus or not names or not pattern.search(question):
        return None
    name = rng.choice(names)
    other = pattern.sub(lambda _: name, question, count=1)
    return other if _plain(other) != _plain(question) else None
