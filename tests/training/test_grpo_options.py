"""GDPO, dynamic sampling, collapse alarms, LoRA, gradient checkpointing: real trainers on an untrained tiny policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from medrwr.errors import CollapseError, ConfigError
from medrwr.sinks import NullSink
from medrwr.training.aggregation import Decoupled
from medrwr.training.alarms import Bound, CollapseAlarm
from medrwr.training.dynamic import DynamicSampling, has_spread
from medrwr.training.grpo import train_grpo
from medrwr.training.prompts import prompt_rows, question_id_of
from medrwr.training.rollouts import Rollouts
from medrwr.training.work import WorkFolder
from medrwr.types import Question, Trajectory
from tests.training.test_grpo import OPTIONS, ROLLOUT, SETTINGS, Killer, VowelScorer, task, train

TWO = SETTINGS.model_copy(update={"steps": 2})


def test_gdpo_by_hand():
    """Two rewards, a group of 2: deviations -.5, .5 over spread sqrt(.5); a cosine's .01, -.01 over the floor .1."""
    decoupled = Decoupled({"right": 5.0, "cosine": 1.0}, floor=0.1, group=2)
    parts = decoupled.parts([{"right": 0.0, "cosine": 0.51}, {"right": 1.0, "cosine": 0.49}])
    z = 0.5 / 0.5**0.5
    assert decoupled.combine(parts)[:, 0].tolist() == pytest.approx([-5 * z + 0.1, 5 * z - 0.1], abs=1e-5)
    noise = Decoupled({"cosine": 1.0}, floor=1e-4, group=2)
    assert noise.combine(noise.parts([{"cosine": 0.51}, {"cosine": 0.49}]))[0, 0] > 0.7  # what the floor is there for


def test_gdpo_leaves_out_what_could_not_be_scored():
    decoupled = Decoupled({"a": 1.0}, floor=0.1, group=3)
    combined = decoupled.combine(decoupled.parts([{"a": 0.0}, None, {"a": 2.0}]))[:, 0]
    assert combined[[0, 2]].tolist() == pytest.approx([-(0.5**0.5), 0.5**0.5])
    assert combined[1].isnan()


class FlatScorer(VowelScorer):
    """Rollouts of questions 0 and 1 all earn the same; the others differ."""

    def score(self, episodes: Sequence[tuple[Question, Trajectory]]) -> list[dict[str, float]]:
        scores = super().score(episodes)
        flat = [question.question_id[-1] in "01" for question, _ in episodes]
        return [{"vowels": 0.3, "total": 0.3} if same else s for s, same in zip(scores, flat, strict=True)]


def test_groups_without_spread_make_room_for_others(world, new_policy):
    policy = new_policy()
    given = replace(task(world, policy, world.image), scorer=FlatScorer())
    by_id = {question.question_id: question for question in world.image}
    rollouts = Rollouts(given.engine, given.scorer, by_id, world.root, 1.0, 5)
    data = prompt_rows(world.image, image_root=world.root, max_turns=ROLLOUT.max_turns)
    dynamic = DynamicSampling(rollouts, world.image, data, rounds=8, group=2)
    accelerator = SimpleNamespace(num_processes=1, process_index=0)
    rows = [data[n] for n in (0, 0, 5, 5, 1, 1)]
    with pytest.MonkeyPatch.context() as patch:
        from contextlib import nullcontext

        from medrwr.training import rollouts as module

        patch.setattr(module, "generating", lambda _: nullcontext())
        trainer = SimpleNamespace(accelerator=accelerator, state=SimpleNamespace(global_step=3))
        chosen = dynamic.exchange(rows, trainer)
        played = dynamic([row["prompt"] for row in chosen], trainer)
        with pytest.raises(ConfigError, match="whole groups"):
            dynamic.exchange(rows[:3], trainer)
    ids = [question_id_of(row["prompt"]) for row in chosen]
    assert ids[2:4] == ["image-5"] * 2  # it had spread
    assert {ids[0], ids[4]} & {"image-0", "image-1"} == set()
    assert [question.question_id for question in played["question"]] == ids
    assert [t.question_id for t in played["trajectory"]] == ids
    assert all(has_spread(list(zip(played["trajectory"], played["score"], strict=True))[n : n + 2]) for n in (0, 2, 4))
    assert played["replaced"][0] == pytest.approx(2 / 3)


def test_training_with_gdpo_dynamic_sampling_lora_and_checkpointing(world, new_policy, tmp_path):
    """All at once, on images: weights of the language model move, the vision tower's do not, adapters are merged."""
    settings = TWO.model_copy(
        update={
            "aggregation": "gdpo",
            "dynamic_sampling_rounds": 2,
            "lora_rank": 4,
            "gradient_checkpointing": True,
            "save_steps": 1,
        }
    )
    policy = new_policy()
    before = {name: value.clone() for name, value in policy.model.state_dict().items()}
    given = replace(task(world, policy, world.image), scorer=FlatScorer(), weights={"vowels": 5.0}, reserve=world.image)
    work = WorkFolder(tmp_path, "inputs")
    log = train_grpo(policy, given, settings, options=OPTIONS, work=work, sink=NullSink())
    after = policy.model.state_dict()
    assert set(after) == set(before)  # merged: no adapter is left
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all("language_model" in name for name in moved)
    assert all(entry["groups_replaced"] >= 0 for entry in log)
    assert (work.path / "checkpoint-2/adapter_config.json").is_file()


def test_a_killed_lora_run_goes_on_to_the_same_weights(world, new_policy, tmp_path):
    settings = SETTINGS.model_copy(update={"lora_rank": 4})
    whole, resumed = new_policy(), new_policy()
    train(world, whole, tmp_path / "whole", settings=settings)
    with pytest.raises(KeyboardInterrupt):
        train(world, new_policy(), tmp_path / "killed", settings=settings, sink=Killer())
    train(world, resumed, tmp_path / "killed", settings=settings)
    for name, value in resumed.model.state_dict().items():
        assert torch.equal(value, whole.model.state_dict()[name]), name


def test_lora_adapters_are_float32_beside_bfloat16_weights(world, new_policy, tmp_path):
    policy = new_policy()
    policy.model.to(torch.bfloat16)
    work = WorkFolder(tmp_path, "inputs")
    settings = SETTINGS.model_copy(update={"lora_rank": 4, "save_steps": 1})
    before = {name: value.clone() for name, value in policy.model.state_dict().items()}
    options = replace(OPTIONS, dtype="bfloat16")
    train_grpo(policy, task(world, policy, world.image), settings, options=options, work=work, sink=NullSink())
    (file,) = [*work.path.glob(f"checkpoint-{settings.steps}/adapter_model.safetensors")]
    assert {value.dtype for value in load_file(file).values()} == {torch.float32}
    after = policy.model.state_dict()
    assert {value.dtype for value in after.values()} == {torch.bfloat16}
    assert any(not torch.equal(before[name], after[name]) for name in before)


def entries(values: Sequence[float]) -> list[dict[str, float]]:
    return [{"query_rate": value} for value in values]


def test_an_alarm_needs_a_streak_and_holds_back_checkpoints():
    alarm = CollapseAlarm("stop", (Bound("query_rate", low=0.2),), patience=3)
    control = SimpleNamespace(should_save=True, should_training_stop=False)
    state = SimpleNamespace(global_step=0, log_history=[])
    seen = []
    for value in (0.9, 0.1, 0.1, 0.5, 0.1, 0.1, 0.1):
        control.should_save = True
        state.global_step += 1
        alarm.on_log(None, state, control, logs={"query_rate": value})
        seen.append((control.should_save, control.should_training_stop))
    assert seen == [
        (True, False),
        (False, False),
        (False, False),
        (True, False),
        (False, False),
        (False, False),
        (False, True),
    ]
    assert alarm.message == "query_rate is 0.1 at step 7, and has been out of 0.2 to inf for 3 steps"


@pytest.mark.parametrize(
    ("bound", "start", "good", "bad"),
    [
        (Bound("copy_rate", high=0.5), 0.0, 0.4, 0.6),
        (Bound("policy_entropy", low=0.002, high=5.0), 1.0, 0.1, 0.001),
        (Bound("sampled_tokens", low=0.25, high=4.0, of_start=True), 40.0, 100.0, 161.0),
        (Bound("sampled_tokens", low=0.25, high=4.0, of_start=True), 40.0, 11.0, 9.0),
        (Bound("frac_reward_zero_std", high=0.99), 0.1, 0.9, 1.0),
    ],
)
def test_what_counts_as_collapse(bound, start, good, bad):
    assert not bound.broken_by(good, start)
    assert bound.broken_by(bad, start)


def test_a_collapse_stops_the_training_and_keeps_the_checkpoint_from_before(world, new_policy, tmp_path, monkeypatch):
    """An untrained policy never asks; from step 3 on that counts as collapse: the checkpoint of step 2 stays."""
    from medrwr.training import alarms

    monkeypatch.setattr(alarms, "PATIENCE", 2)

    class FromStepThree(CollapseAlarm):
        def _look(self, entry, step):
            if step >= 3:
                super()._look(entry, step)

    bounds = (Bound("query_rate", low=0.5),)
    monkeypatch.setattr(alarms, "CollapseAlarm", lambda mode: FromStepThree(mode, bounds, patience=2))
    settings = SETTINGS.model_copy(update={"steps": 8, "save_steps": 1, "alarms": "stop"})
    with pytest.raises(CollapseError, match="query_rate is 0 at step 4"):
        train(world, new_policy(), tmp_path, settings=settings)
    assert [path.name for path in (tmp_path / "inputs").glob("checkpoint-*")] == ["checkpoint-2"]
