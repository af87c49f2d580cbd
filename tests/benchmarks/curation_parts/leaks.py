"""Benchmark items planted among others, in five disguises: which of them the leakage filter finds (M14)."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from pathlib import Path

from PIL import Image

from medrwr.curation.leaks import find_leaks
from medrwr.datasets.medmcqa import read_medmcqa
from medrwr.datasets.overlap import ItemSet
from medrwr.datasets.shingles import words_of
from medrwr.datasets.vqa_rad import IMAGES, read_vqa_rad
from medrwr.types import Question

EACH = 10
KINDS = ("verbatim", "word_order", "renamed_options", "reencoded", "cropped")
_LEAST_WORDS = 12  # a shorter question is planted nowhere: "Which is true?" stands in every benchmark


def leaks(root: Path, data: Path, *, small: bool) -> dict[str, float]:
    """Share of the planted items found, by kind; and how many others were taken for one."""
    draw = random.Random(7)
    texts = _texts(data, draw, 300 if small else 2000)
    pictures = _pictures(data, draw, 60 if small else 200)
    half = len(texts) // 2
    benchmark = ItemSet("benchmark", [*texts[:half], *pictures[: len(pictures) // 2]], data / "vqa/vqa-rad" / IMAGES)
    planted = _planted(benchmark, root, draw)
    own = [*texts[half:], *(replace(q, images=(_copy(benchmark, q, root),)) for q in pictures[len(pictures) // 2 :])]
    found = find_leaks(ItemSet("curated", [*own, *planted], root), benchmark)
    pairs = {(leak.training_id, leak.evaluation_id) for leak in found}
    shares = {
        f"leaks_{kind}": sum((f"{kind}:{q.question_id}", q.question_id) in pairs for q in _chosen(benchmark, kind))
        / EACH
        for kind in KINDS
    }
    wrong = {first for first, second in pairs if first.partition(":")[2] != second and ":" not in first}
    return {**shares, "leaks_others_taken_for_one_share": len(wrong) / len(own)}


def _texts(data: Path, draw: random.Random, count: int) -> list[Question]:
    questions, _ = read_medmcqa(data / "mcq/mirage/medmcqa/dev.first3183.json", split="dev")
    long = {q.text: q for q in questions if len(words_of(q.text)) >= _LEAST_WORDS}
    return draw.sample(list(long.values()), min(count, len(long)))


def _pictures(data: Path, draw: random.Random, count: int) -> list[Question]:
    """One question an image."""
    questions, _ = read_vqa_rad(data / "vqa/vqa-rad")
    by_image = {question.images[0]: question for question in questions}
    chosen = draw.sample(sorted(by_image), min(count, len(by_image)))
    return [replace(by_image[image], question_id=f"image-{image}", images=(Path(image).name,)) for image in chosen]


def _chosen(benchmark: ItemSet, kind: str) -> list[Question]:
    """The ten that are planted in this way."""
    pictured = kind in ("reencoded", "cropped")
    pool = [question for question in benchmark.questions if bool(question.images) is pictured]
    start = EACH * (KINDS.index(kind) % 3)
    return pool[start : start + EACH]


def _planted(benchmark: ItemSet, root: Path, draw: random.Random) -> list[Question]:
    return [
        replace(_disguised(benchmark, question, kind, root, draw), question_id=f"{kind}:{question.question_id}")
        for kind in KINDS
        for question in _chosen(benchmark, kind)
    ]


def _disguised(benchmark: ItemSet, question: Question, kind: str, root: Path, draw: random.Random) -> Question:
    if kind == "word_order":
        words = question.text.split()
        cut = draw.randint(len(words) // 3, 2 * len(words) // 3)
        return replace(question, text=" ".join([*words[cut:], *words[:cut]]))
    if kind == "renamed_options":
        return replace(
            question, options=tuple(f"choice {'αβγδ'[n]}{draw.random()}" for n in range(len(question.options)))
        )
    if kind == "verbatim":
        return question
    image = Image.open(benchmark.image_root / question.images[0]).convert("L")
    if kind == "cropped":
        left, top, right, bottom = (draw.uniform(0.0, 0.08) for _ in range(4))
        width, height = image.size
        image = image.crop(
            (int(left * width), int(top * height), int((1 - right) * width), int((1 - bottom) * height))
        )  # fmt: skip
    stream = io.BytesIO()
    image.resize((image.width * 2 // 3, image.height * 2 // 3)).save(stream, "JPEG", quality=draw.randint(30, 60))
    name = f"{kind}-{Path(question.images[0]).stem}.jpg"
    (root / name).write_bytes(stream.getvalue())
    return replace(question, text=f"What is seen on image {name}?", images=(name,))


def _copy(benchmark: ItemSet, question: Question, root: Path) -> str:
    name = question.images[0]
    (root / name).write_bytes((benchmark.image_root / name).read_bytes())
    return name
