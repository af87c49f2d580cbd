"""Real sets for retrieval: passages, and questions with the documents that answer them."""

from __future__ import annotations

import json
import random
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
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
    """MedQuAD: question -> the documents that ask it; and the same with the focus replaced by a synonym of it."""
    folder = data / "text/medquad"
    settings = KnowledgeBaseSettings(chunk_words=CHUNK_WORDS)
    with tempfile.TemporaryDirectory() as name:
        source = folder if documents is None else _some(folder, Path(name), documents, seed)
        passages = build_knowledge_base(source, source="medquad", settings=settings).passages
    asked: dict[str, set[str]] = defaultdict(set)
    for passage in passages:
        asked[_plain(passage.section)].add(passage.document_id)
    order = sorted({(passage.section, passage.document_id) for passage in passages if passage.section})
    random.Random(seed).shuffle(order)
    found = [Question(text, frozenset(asked[_plain(text)])) for text, _ in order[: 2 * questions]]
    plain = RealSet("medquad", passages, tuple(found[:questions]), tuple(found[questions:]))
    renamed = []
    for text, document in order:
        other = _renamed(text, folder / document, random.Random(f"{seed}:{text}"))
        if other is not None:
            renamed.append(Question(other, frozenset(asked[_plain(text)])))
    return plain, RealSet(
        "paraphrased", passages, tuple(renamed[:questions]), tuple(renamed[questions : 2 * questions])
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
    return RealSet("bioasq", passages, tuple(found[:questions]), tuple(found[questions : 2 * questions]))


def pubmedqa(data: Path, others: Sequence[Passage], *, questions: int, seed: int) -> RealSet:
    """PubMedQA: question -> its abstract, among `others`."""
    entries = json.loads((data / "mcq/pubmedqa/ori_pqal.nontest.json").read_text(encoding="utf-8"))
    passages = tuple(
        Passage(f"pubmedqa-{identity}-{number}", " ".join(text.split()), identity, source="pubmedqa", section=label)
        for identity, entry in sorted(entries.items())
        for number, (text, label) in enumerate(zip(entry["CONTEXTS"], entry["LABELS"], strict=True))
    )
    found = [Question(entry["QUESTION"], frozenset({identity})) for identity, entry in sorted(entries.items())]
    random.Random(seed).shuffle(found)
    known = {passage.document_id for passage in passages}
    kept = tuple(passage for passage in others if passage.document_id not in known)
    return RealSet("pubmedqa", passages + kept, tuple(found[:questions]), ())


def _some(folder: Path, place: Path, count: int, seed: int) -> Path:
    """A folder with `count` of the files."""
    paths = sorted(folder.rglob("*.xml"))
    for path in random.Random(seed).sample(paths, min(count, len(paths))):
        copy = place / path.relative_to(folder)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(path, copy)
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
