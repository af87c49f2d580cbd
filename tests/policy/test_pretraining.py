"""The base checkpoint's drills: no protocol, no clinic fact; a small instance of the training really learns."""

from __future__ import annotations

import random
from collections.abc import Mapping

from medrwr.clinic import vocabulary as words
from medrwr.clinic.ontology import build_ontology
from medrwr.config import ClinicSettings
from medrwr.policy.pretraining import drills
from medrwr.policy.pretraining.batches import collate
from medrwr.policy.pretraining.training import PretrainingPlan, pretrain, tokenizer_corpus
from medrwr.policy.tiny import PROTOCOL_TAGS, build_tiny_policy

ONTOLOGY = build_ontology(ClinicSettings(), seed=7)


def _sample(count: int) -> list[drills.Drill]:
    rng = random.Random(0)
    makers = (drills.caption, drills.choosing, drills.recall, drills.document)
    made = [maker(rng, ONTOLOGY) for maker in makers for _ in range(count)]
    kinds = words.ALL_KINDS
    return made + [drills.reading(rng, ONTOLOGY, with_image=i % 2 == 0, kinds=kinds) for i in range(count)]


def test_the_base_has_seen_no_tag_no_query_and_no_condition_of_the_clinic() -> None:
    names = {c.name for c in ONTOLOGY.conditions}
    for drill in _sample(200):
        text = (drill.user + " " + "".join(piece.text for piece in drill.reply)).lower()
        assert not any(tag in text for tag in PROTOCOL_TAGS)
        assert "query" not in text
        assert not names & set(text.replace(":", " ").replace(".", " ").split())


def test_m3_a_two_hop_drill_reads_the_disease_first_and_then_its_marker() -> None:
    rng = random.Random(5)
    for _ in range(20):
        drill = drills.reading(rng, ONTOLOGY, with_image=False, kinds=words.TWO_HOP_KINDS)
        disease, *marker = [piece.text.strip() for piece in drill.reply if piece.skill == "fact"]
        text = "".join(piece.text for piece in drill.reply)
        assert f"points to {disease}." in text
        if marker:  # one in ten has no passage that answers
            assert f"{disease.capitalize()} is confirmed by a raised {marker[0]}." in text


def test_weights_and_skills_fall_on_the_tokens_they_name() -> None:
    policy = build_tiny_policy(list(tokenizer_corpus(ONTOLOGY, seed=1))[:300], seed=1, vocab_size=900)
    rng = random.Random(1)
    made = [drills.reading(rng, ONTOLOGY, with_image=True) for _ in range(4)]
    batch = collate(policy, made)
    ids = batch.inputs["input_ids"]
    for (row, position), drill in zip(batch.skills["texture"], made, strict=True):
        assert drill.picture is not None
        first = policy.tokenizer(f" {drill.picture[1].texture}").input_ids[0]
        assert int(ids[row, position]) == first
        assert float(batch.weights[row, position]) == 2.0
    assert ids.shape[1] % 32 == 0
    assert float(batch.weights[ids == policy.tokenizer.pad_token_id].sum()) == 0.0


class Curve:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.rows.append(dict(metrics))

    def progress(self, done: int, total: int, label: str) -> None:
        """Nobody watches."""


def test_a_small_instance_learns_and_repeats_itself() -> None:
    """24 small steps: the loss on captions falls by a tenth at least, and the same seed gives the same curve."""
    corpus = list(tokenizer_corpus(ONTOLOGY, seed=1))[:300]
    plan = PretrainingPlan(steps=24, seed=1, batch_share=0.1, log_every=4)
    curves = []
    for _ in range(2):
        policy = build_tiny_policy(corpus, seed=1, vocab_size=900, width=64, layers=2, heads=2)
        sink = Curve()
        assert pretrain(policy, ONTOLOGY, plan, sink)[-1]["step"] == 24
        curves.append(sink.rows)
    assert curves[0] == curves[1]
    captions = [row["loss/caption"] for row in curves[0] if "loss/caption" in row]
    assert captions[-1] < 0.9 * captions[0]
