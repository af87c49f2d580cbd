"""SFT cold start (M24): labels worked out by hand, and a real SFTTrainer on eight demonstrations of either kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from medrwr.config import SftSettings
from medrwr.policy.loading import load_policy, save_policy
from medrwr.rollout.context import picture_ids
from medrwr.sinks import MetricSink, NullSink
from medrwr.training.collator import EpisodeCollator, Rows
from medrwr.training.demonstrations import prepare_demonstrations
from medrwr.training.sft import SftTask, train_sft
from medrwr.training.trainer_arguments import RunOptions
from medrwr.training.work import WorkFolder
from medrwr.types import DemonstrationStep, ImageCase

OPTIONS = RunOptions(device="cpu", dtype="float32", seed=3)


def prepared(world, policy, demonstrations, max_tokens=400):
    return prepare_demonstrations(
        demonstrations, retriever=world.retriever, tokenizer=policy.tokenizer, max_tokens=max_tokens
    )


def test_m24_labels_cover_sampled_text_only(world, new_policy):
    """The labelled tokens decode to exactly the two sampled stretches; prompt and passages carry no loss."""
    policy = new_policy()
    text_demo, image_demo = world.demonstrations()[:2]
    episodes = prepared(world, policy, [text_demo, image_demo]).episodes
    rows = Rows(policy, world.root, max_turns=1).build(episodes)
    for row, question in zip(rows, (world.text[0], world.image[0]), strict=True):
        labelled = [token for token in row["labels"] if token != -100]
        assert policy.tokenizer.decode(labelled) == (
            "<think>a sign is shown</think><query>granular sign treatment</query>"
            f"<think>the passage names kemopril</think><answer>{question.gold_letter}. kemopril</answer>"
        )
        unlabelled = [i for i, label in zip(row["input_ids"], row["labels"], strict=True) if label == -100]
        assert "<retrieve>\n[1] granular sign: The granular sign is treated with kemopril." in policy.tokenizer.decode(
            unlabelled
        )
        assert all(label in (-100, i) for i, label in zip(row["input_ids"], row["labels"], strict=True))
    assert [len(row["images"]) for row in rows] == [0, 1]


def test_m26_a_case_shown_on_the_way_is_as_wide_as_its_image_and_carries_no_loss(world, new_policy):
    policy = new_policy()
    demo = world.demonstrations()[1]
    case = ImageCase("c", demo.question.images[0], "A sign.")
    shown = DemonstrationStep("nothing fits", "", taught=False, case=case)
    second_look = replace(demo, steps=(shown, *demo.steps))
    found = prepare_demonstrations(
        [second_look, demo],
        retriever=world.retriever,
        tokenizer=policy.tokenizer,
        max_tokens=400,
        picture=picture_ids(policy),
    )
    rows = Rows(policy, world.root, max_turns=1).build(found.episodes)
    seen, plain = ([t for t in row["labels"] if t != -100] for row in rows)
    assert seen == plain
    assert rows[0]["images"] == rows[1]["images"] * 2
    assert "<retrieve>\n[1] <|vision_start|>" + "<|image_pad|>" * 4 + "<|vision_end|>A sign.</retrieve>" in (
        policy.tokenizer.decode(rows[0]["input_ids"])
    )
    batch = EpisodeCollator(policy)(rows)
    assert batch["mm_token_type_ids"].sum(dim=1).tolist() == [8, 4]
    assert batch["image_grid_thw"].tolist() == [[1, 4, 4]] * 3


def test_collator_pads_right_and_marks_image_tokens(world, new_policy):
    """A 56 x 56 image is 4 x 4 patches of 14 pixels, merged 2 x 2: four image tokens, sixteen rows of pixels."""
    policy = new_policy()
    rows = Rows(policy, world.root, max_turns=1).build(prepared(world, policy, world.demonstrations()[:2]).episodes)
    batch = EpisodeCollator(policy)(rows)
    assert batch["mm_token_type_ids"].sum(dim=1).tolist() == [0, 4]
    assert batch["pixel_values"].shape[0] == 16
    assert batch["image_grid_thw"].tolist() == [[1, 4, 4]]
    lengths = [len(row["input_ids"]) for row in rows]
    assert batch["attention_mask"].sum(dim=1).tolist() == lengths
    assert (batch["labels"][batch["attention_mask"] == 0] == -100).all()
    assert "pixel_values" not in EpisodeCollator(policy)(rows[:1])


def test_collated_loss_equals_rows_one_by_one(world, new_policy):
    """Padding and mixing change no log-probability: batch loss = token-weighted mean of single losses."""
    policy = new_policy()
    rows = Rows(policy, world.root, max_turns=1).build(prepared(world, policy, world.demonstrations()[:4]).episodes)
    collate = EpisodeCollator(policy)
    with torch.no_grad():
        together = policy.model(**collate(rows)).loss.item()
        single = [
            (policy.model(**collate([row])).loss.item(), sum(label != -100 for label in row["labels"])) for row in rows
        ]
    expected = sum(loss * count for loss, count in single) / sum(count for _, count in single)
    assert abs(together - expected) < 1e-4


def test_m24_demonstration_without_gold_in_passages_says_so_or_is_dropped(world, new_policy):
    """The second demonstration asks for another sign's treatment; in the end one is longer than an episode may be."""
    policy = new_policy()
    good, other = world.demonstrations()[0], world.demonstrations()[6]
    astray = type(other)(other.question, good.steps, other.final_think)
    result = prepared(world, policy, [good, astray])
    assert (len(result.episodes), result.without_gold, result.too_long, result.offered) == (1, 1, 0, 2)
    honest = prepared(world, policy, [replace(astray, missed_think="no passage names it")])
    assert (len(honest.episodes), honest.without_gold, honest.dropped) == (1, 1, 0)
    assert "<think>no passage names it</think>" in policy.tokenizer.decode(honest.episodes[0].completion.ids)
    assert prepared(world, policy, [good], max_tokens=10).too_long == 1


def test_m24_a_step_that_goes_wrong_is_shown_and_only_what_follows_is_taught(world, new_policy):
    """It reads kemopril's passage, which is no answer to its question, and says so; it never learns to read amiss."""
    policy = new_policy()
    good, other = world.demonstrations()[0], world.demonstrations()[6]
    wrong = replace(good.steps[0], taught=False)
    said = replace(other, steps=(wrong,), final_think="kemopril, which is no option", relies_on="kemopril")
    result = prepared(world, policy, [said])
    assert (len(result.episodes), result.without_gold, result.dropped) == (1, 0, 0)
    completion = result.episodes[0].completion
    taught = policy.tokenizer.decode([i for i, own in zip(completion.ids, completion.env_mask, strict=True) if own])
    assert taught.startswith("<think>kemopril, which is no option</think>")
    assert wrong.query in policy.tokenizer.decode(completion.ids)
    nowhere = replace(said, relies_on="xylozole")
    assert prepared(world, policy, [nowhere]).dropped == 1


def test_m3_a_second_step_that_no_passage_leads_to_is_dropped(world, new_policy):
    """The first query finds kemopril's passage: a step that relies on it follows, one that relies on more does not."""
    policy = new_policy()
    good = world.demonstrations()[0]
    second = replace(good.steps[0], relies_on="kemopril")
    result = prepared(world, policy, [replace(good, steps=(*good.steps, second))])
    assert (len(result.episodes), result.dropped) == (1, 0)
    nowhere = replace(second, relies_on="xylozole")
    result = prepared(world, policy, [replace(good, steps=(*good.steps, nowhere))])
    assert (len(result.episodes), result.without_gold, result.dropped) == (0, 1, 1)


class Killer(NullSink):
    """Stops the process's training at a step, as an interrupt would."""

    def __init__(self, step: int) -> None:
        self._step = step

    def progress(self, done: int, total: int, label: str) -> None:
        if done == self._step:
            raise KeyboardInterrupt


def train(world, policy, scratch: Path, epochs: float = 6, sink: MetricSink | None = None):
    episodes = prepared(world, policy, world.demonstrations()).episodes
    settings = SftSettings(epochs=epochs, learning_rate=3e-3, batch_size=8)
    return train_sft(
        policy,
        SftTask(episodes, world.root, 1),
        settings,
        options=OPTIONS,
        work=WorkFolder(scratch, "inputs"),
        sink=sink or NullSink(),
    )


def test_sft_learns_mixed_rows_and_repeats_itself(world, new_policy, tmp_path):
    """16 rows in batches of 8, 6 epochs: 12 steps; the loss falls by half; the same seed gives the same curve."""
    first = train(world, new_policy(), tmp_path / "first")
    assert len(first) == 12
    assert first[-1]["loss"] < first[0]["loss"] / 2
    second = train(world, new_policy(), tmp_path / "second")
    assert [entry["loss"] for entry in second] == [entry["loss"] for entry in first]


def test_killed_sft_goes_on_and_ends_as_if_nothing_had_happened(world, new_policy, tmp_path):
    """Killed in step 3 (second epoch) of 4: the checkpoint of step 2 is resumed; curve and weights are the same."""
    whole, killed, resumed = new_policy(), new_policy(), new_policy(seed=1)
    expected = train(world, whole, tmp_path / "whole", epochs=2)
    with pytest.raises(KeyboardInterrupt):
        train(world, killed, tmp_path / "killed", epochs=2, sink=Killer(3))
    history = train(world, resumed, tmp_path / "killed", epochs=2)
    assert [entry["loss"] for entry in history] == [entry["loss"] for entry in expected]
    for name, parameter in resumed.model.state_dict().items():
        assert torch.equal(parameter, whole.model.state_dict()[name]), name


def test_trained_policy_is_saved_and_opened_again(world, new_policy, tmp_path):
    """The trainer leaves nothing on the model that a checkpoint would lose: the opened one gives the same logits."""
    policy = new_policy()
    train(world, policy, tmp_path / "work", epochs=1)
    save_policy(policy, tmp_path / "model")
    opened = load_policy(tmp_path / "model", max_pixels=3136)
    rows = Rows(policy, world.root, max_turns=1).build(prepared(world, policy, world.demonstrations()[:2]).episodes)
    batch = EpisodeCollator(policy)(rows)
    with torch.no_grad():
        assert torch.equal(opened.model(**batch).logits, policy.model(**batch).logits)
