"""Writes the whole clinic to a folder: documents, images, questions, demonstrations, image cases, and a manifest."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

from medrwr.clinic import vocabulary as words
from medrwr.clinic.demonstrations import (
    demonstrate_expert,
    demonstrate_finding,
    demonstrate_literal,
    demonstrate_misread,
    demonstrate_second_look,
)
from medrwr.clinic.ontology import ALL_SIGNS, Condition, Ontology, Sign, build_ontology
from medrwr.clinic.paintings import Painting, Progress, no_progress, write_images
from medrwr.clinic.prose import caption_of, condition_documents, distractor_documents, to_markdown
from medrwr.clinic.questions import finding_question, make_question
from medrwr.config import ClinicSettings
from medrwr.records import write_records, write_text_atomic
from medrwr.types import Demonstration, Document, ImageCase, Question


class ClinicWriter:
    """Collects what belongs to one clinic, then writes it. Seeds of images never repeat."""

    def __init__(self, settings: ClinicSettings, *, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.ontology: Ontology = build_ontology(settings, seed=seed)
        self.paintings: list[Painting] = []
        self.counts: dict[str, int] = {}
        self._cases: list[ImageCase] = []

    def paint(self, modality: str, sign: Sign, name: str) -> str:
        """Queue an image; returns its path relative to the clinic's folder."""
        self.paintings.append(Painting(name, modality, sign, self.seed * 1_000_003 + len(self.paintings)))
        return f"images/{name}.png"

    def question(self, condition: Condition, *, kind: str, split: str, number: int, with_image: bool) -> Question:
        name = f"{split}-{number:05d}"
        image = self.paint(condition.modality, condition.sign, name) if with_image else None
        return make_question(
            self.ontology, condition, kind=kind, split=split, number=number, seed=self.seed, image=image
        )

    def split(
        self,
        name: str,
        count: int,
        conditions: list[Condition],
        *,
        with_image: bool,
        first: int = 0,
        kinds: tuple[str, ...] = words.KINDS,
    ) -> list[Question]:
        """`count` questions that go round the conditions and kinds in a shuffled order."""
        rng = random.Random(f"split:{self.seed}:{name}:{first}:{with_image}")
        pairs = [(c, kind) for c in conditions for kind in kinds]
        rng.shuffle(pairs)
        turns = itertools.islice(itertools.cycle(pairs), count)
        return [
            self.question(condition, kind=kind, split=name, number=first + i, with_image=with_image)
            for i, (condition, kind) in enumerate(turns)
        ]

    def training(self, name: str, count: int, *, with_image: bool, first: int = 0) -> list[Question]:
        """Questions on the training conditions; `two_hop_share` of them need two queries."""
        conditions, hops = self.ontology.of("train"), round(count * self.settings.two_hop_share)
        questions = self.split(name, count - hops, conditions, with_image=with_image, first=first)
        first += len(questions)
        return questions + self.split(
            name, hops, conditions, with_image=with_image, first=first, kinds=words.TWO_HOP_KINDS
        )

    def demonstrations(self) -> list[Demonstration]:
        by_fact = {c.fact_id(k): c for c in self.ontology.conditions for k in words.ALL_KINDS}
        half = self.settings.sft_questions // 2
        questions = self.training("sft", half, with_image=False)
        questions += self.training("sft", self.settings.sft_questions - half, with_image=True, first=half)
        rng = random.Random(f"demonstrations:{self.seed}")
        made = [self._demonstrate(question, by_fact[question.fact_id], rng) for question in questions]
        made += self.second_looks(len(made))
        return made + self.findings(len(made))

    def _demonstrate(self, question: Question, condition: Condition, rng: random.Random) -> Demonstration:
        settings, drawn = self.settings, rng.random()
        if drawn < (settings.sft_image_expert_share if question.images else settings.sft_expert_share):
            return demonstrate_expert(question, condition)
        if question.images and drawn > 1 - settings.sft_misread_share:
            mistaken = self._mistakable(condition, question)
            if mistaken:
                return demonstrate_misread(question, rng.choice(mistaken))
        return demonstrate_literal(question, condition)

    def second_looks(self, first: int) -> list[Demonstration]:
        """Demonstrations of M26: the first look misread the sign, then a case of the same condition is shown."""
        count, pool = self.settings.sft_second_looks, self.ontology.of("train")
        if not count:
            return []
        rng = random.Random(f"second looks:{self.seed}")
        by_fact = {c.fact_id(kind): c for c in pool for kind in words.KINDS}
        made = []
        for question in self.split("sft", count, pool, with_image=True, first=first):
            condition = by_fact[question.fact_id]
            cases, mistaken = self._cases_of(condition), self._mistakable(condition, question)
            if cases and mistaken:
                made.append(demonstrate_second_look(question, condition, rng.choice(mistaken), rng.choice(cases)))
        return made

    def _mistakable(self, condition: Condition, question: Question) -> list[Condition]:
        similar = [c for c in self.ontology.neighbours(condition, shared=1) if c.role == "train"]
        return [c for c in similar if c.fact(question.kind) not in question.options]

    def findings(self, first: int) -> list[Demonstration]:
        """Demonstrations without a query, on signs that mean nothing in their modality: no fact can be learned."""
        rng = random.Random(f"findings:{self.seed}")
        taken = {(c.modality, c.sign) for c in self.ontology.conditions}
        made = []
        for i in range(self.settings.sft_findings):
            modality = words.MODALITIES[i // 2 % len(words.MODALITIES)]
            sign = rng.choice([s for s in ALL_SIGNS if (modality, s) not in taken] or list(ALL_SIGNS))
            image = self.paint(modality, sign, f"sft-{first + i:05d}") if i % 2 else None
            question = finding_question(modality, sign, split="sft", number=first + i, seed=self.seed, image=image)
            made.append(demonstrate_finding(question))
        return made

    def test(self) -> list[Question]:
        quarter = self.settings.test_questions // 4
        questions: list[Question] = []
        for held_out in (False, True):
            for with_image in (False, True):
                pool = self.ontology.of("test", held_out=held_out)
                questions += self.split("test", quarter, pool, with_image=with_image, first=len(questions))
        pool, half = self.ontology.of("test", held_out=True), self.settings.two_hop_test_questions // 2
        for with_image in (False, True):
            first, kinds = len(questions), words.TWO_HOP_KINDS
            questions += self.split("test", half, pool, with_image=with_image, first=first, kinds=kinds)
        return questions

    def cases(self) -> list[ImageCase]:
        """Image cases over all conditions; the caption is a finding and an impression, never treatment or course."""
        if self._cases:
            return self._cases
        order, cases = self._case_order(), self._cases
        for i in range(self.settings.image_cases):
            condition = order[i % len(order)]
            image = self.paint(condition.modality, condition.sign, f"case-{i:05d}")
            cases.append(ImageCase(f"case-{i:05d}", image, caption_of(condition), condition.modality, "clinic"))
        return cases

    def _case_order(self) -> list[Condition]:
        rng = random.Random(f"cases:{self.seed}")
        return rng.sample(self.ontology.conditions, len(self.ontology.conditions))

    def _cases_of(self, condition: Condition) -> list[ImageCase]:
        order = self._case_order()
        return self.cases()[order.index(condition) :: len(order)]

    def encoder_pairs(self) -> list[ImageCase]:
        """Images of their own with the finding alone, over all signs and modalities."""
        rng = random.Random(f"pairs:{self.seed}")
        pairs = []
        for i in range(self.settings.encoder_pairs):
            modality, sign = rng.choice(words.MODALITIES), rng.choice(ALL_SIGNS)
            image = self.paint(modality, sign, f"pair-{i:05d}")
            pairs.append(ImageCase(f"pair-{i:05d}", image, f"{sign} on {modality}", modality, "clinic"))
        return pairs


def build_clinic(
    settings: ClinicSettings, folder: Path, *, seed: int, progress: Progress = no_progress
) -> dict[str, int]:
    """Write the clinic into `folder` (replaced) and return its counts. Same settings and seed, same bytes."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    writer = ClinicWriter(settings, seed=seed)
    counts = {"documents": _write_documents(writer, fresh)}
    calibration = writer.ontology.of("calibration")
    splits: dict[str, Iterable[object]] = {
        "demonstrations.jsonl": writer.demonstrations(),
        "questions/rl_text.jsonl": writer.training("rl_text", settings.rl_text_questions, with_image=False),
        "questions/rl_image.jsonl": writer.training("rl_image", settings.rl_image_questions, with_image=True),
        "questions/calibration.jsonl": writer.split(
            "calibration", settings.calibration_questions, calibration, with_image=True
        ),
        "questions/test.jsonl": writer.test(),
        "cases.jsonl": writer.cases(),
        "encoder_pairs.jsonl": writer.encoder_pairs(),
    }
    for name, records in splits.items():
        counts[Path(name).stem] = write_records(fresh / name, records)
    counts["images"] = write_images(writer.paintings, fresh / "images", settings.image_size, progress)
    counts["conditions"] = len(writer.ontology.conditions)
    _write_manifest(fresh, settings, seed, counts)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return counts


def _write_documents(writer: ClinicWriter, folder: Path) -> int:
    documents: list[tuple[Document, tuple[str, ...]]] = []
    for c in writer.ontology.conditions:
        page, note = condition_documents(c, seed=writer.seed)
        documents.append((page, (c.name, c.treatment, c.complication, c.phrase, str(c.sign))))
        documents.append((note, (c.name, c.marker)))
    documents += [(document, ()) for document in distractor_documents(seed=writer.seed)]
    for document, terms in documents:
        write_text_atomic(folder / "documents" / f"{document.document_id}.md", to_markdown(document, terms))
    return len(documents)


def _write_manifest(folder: Path, settings: ClinicSettings, seed: int, counts: dict[str, int]) -> None:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.jsonl")):
        digest.update(path.name.encode() + path.read_bytes())
    own = settings.model_dump(exclude={"archive_cases"})
    manifest = {"seed": seed, "settings": own, "counts": counts, "records_sha256": digest.hexdigest()}
    write_text_atomic(folder / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True) + "\n")
