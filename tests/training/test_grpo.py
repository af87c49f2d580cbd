"""GRPO on TRL (M4, M22): a real GRPOTrainer with our rollouts, on an untrained tiny policy, text and images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from trl.trainer.grpo_trainer import GRPOTrainer

from medrwr.config import GrpoSettings, RolloutSettings
from medrwr.errors import ArtefactError, ConfigError
from medrwr.policy.loading import load_policy, save_policy
from medrwr.rollout.engine import RolloutEngine
from medrwr.sinks import MetricSink, NullSink
from medrwr.training.grpo import GrpoTask, grpo_arguments, rows_a_device, train_grpo
from medrwr.training.prompts import prompt_rows
from medrwr.training.rollouts import Rollouts, total
from medrwr.training.sparing import SparingTrainer, rows_that_count
from medrwr.training.trainer_arguments import RunOptions
from medrwr.training.work import WorkFolder
from medrwr.types import Question, Trajectory

OPTIONS = RunOptions(device="cpu", dtype="float32", seed=5)
SETTINGS = GrpoSettings(
    steps=4, num_generations=4, prompts_per_step=2, learning_rate=1e-2, warmup_ratio=0, save_steps=2
)
ROLLOUT = RolloutSettings(max_turns=1, max_turn_tokens=12, max_completion_tokens=96, batch_size=8)


class VowelScorer:
    """Rewards vowels: something that an untrained policy's babble differs in."""

    def score(self, episodes: Sequence[tuple[Question, Trajectory]]) -> list[dict[str, float]]:
        shares = [sum(c in "aeiou" for c in t.text) / max(len(t.text), 1) for _, t in episodes]
        return [{"vowels": share, "total": 5 * share} for share in shares]


def task(world, policy, questions) -> GrpoTask:
    return GrpoTask(
        questions=questions,
        image_root=world.root,
        max_turns=ROLLOUT.max_turns,
        max_completion_tokens=ROLLOUT.max_completion_tokens,
        engine=RolloutEngine(policy, world.retriever, ROLLOUT),
        scorer=VowelScorer(),
    )


def train(world, policy, scratch: Path, *, questions=None, settings=SETTINGS, sink: MetricSink | None = None):
    return train_grpo(
        policy,
        task(world, policy, questions or world.text),
        settings,
        options=OPTIONS,
        work=WorkFolder(scratch, "inputs"),
        sink=sink or NullSink(),
    )


class CheckedTrainer(GRPOTrainer):
    """Keeps the training pass's log-probabilities beside the rollout's."""

    pairs: list[tuple[tuple[int, ...], torch.Tensor, torch.Tensor]]

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Any, attention_mask: Any, *args: Any, **kw: Any
    ):
        result = super()._get_per_token_logps_and_entropies(model, input_ids, attention_mask, *args, **kw)
        for ids, mask, logprobs in zip(input_ids, attention_mask, result[0], strict=True):
            self.pairs.append((tuple(ids[mask.bool()].tolist()), logprobs.detach().clone(), mask[-len(logprobs) :]))
        return result


@pytest.mark.parametrize("kind", ["text", "image"])
def test_m4_training_logprobs_equal_the_rollouts(world, new_policy, tmp_path, kind):
    """TRL shuffles the generation batch: rows are matched by their ids. Sampled tokens only; at most 1e-4 apart."""
    policy = new_policy()
    questions = world.text if kind == "text" else world.image
    given = task(world, policy, questions)
    recorded: list[Trajectory] = []

    class Recording(Rollouts):
        """Every second episode has a query, so that inserted text is among what is checked."""

        def __call__(self, prompts, trainer):
            output = Rollouts.__call__(self, prompts, trainer)
            recorded.extend(output["trajectory"])
            return output

        def _requests(self, ids, trainer, attempt):
            return [
                replace(
                    request,
                    forced_query=f"{request.question.fact_id} sign"
                    if request.question.question_id[-1] in "13579"
                    else None,
                )
                for request in Rollouts._requests(self, ids, trainer, attempt)
            ]

    by_id = {question.question_id: question for question in questions}
    trainer = CheckedTrainer(
        model=policy.model,
        reward_funcs=total,
        args=grpo_arguments(SETTINGS, OPTIONS, tmp_path, max_completion_tokens=96),
        train_dataset=prompt_rows(questions, image_root=world.root, max_turns=1),
        processing_class=policy.processor,
        rollout_func=Recording(given.engine, given.scorer, by_id, world.root, 1.0, 5),
    )
    trainer.pairs = []
    trainer.train()
    rollouts = {t.prompt_ids + t.completion_ids: t for t in recorded}
    assert len(trainer.pairs) == len(recorded) == SETTINGS.steps * 8
    assert sum(0 in t.env_mask for t in recorded) == len(recorded) // 2
    for ids, logprobs, mask in trainer.pairs:
        trajectory = rollouts[ids]
        own = torch.tensor(trajectory.env_mask).bool()
        trained = logprobs[mask.bool()][own]
        assert torch.allclose(trained, torch.tensor(trajectory.logprobs)[own], atol=1e-4)


def test_grpo_step_changes_parameters_and_the_same_seed_gives_the_same_log(world, new_policy, tmp_path):
    first, second = new_policy(), new_policy()
    before = {name: parameter.clone() for name, parameter in first.model.named_parameters()}
    log = train(world, first, tmp_path / "first", questions=world.image)
    moved = [name for name, parameter in first.model.named_parameters() if not torch.equal(parameter, before[name])]
    assert any("visual" in name for name in moved)
    assert any("language_model" in name for name in moved)
    assert [entry["step"] for entry in log] == [1, 2, 3, 4]
    assert log[0]["reward"] == pytest.approx(log[0]["reward/total"]) == pytest.approx(5 * log[0]["reward/vowels"])
    again = train(world, second, tmp_path / "second", questions=world.image)
    drop_times = lambda entry: {name: value for name, value in entry.items() if "time" not in name}  # noqa: E731
    assert [drop_times(entry) for entry in again] == [drop_times(entry) for entry in log]


class EvenScorer(VowelScorer):
    """Gives every rollout of the even questions the same, so that their groups have no spread."""

    def score(self, episodes: Sequence[tuple[Question, Trajectory]]) -> list[dict[str, float]]:
        scores = super().score(episodes)
        even = [question.question_id[-1] in "02468" for question, _ in episodes]
        return [{"vowels": 0.3, "total": 0.3} if same else s for s, same in zip(scores, even, strict=True)]


def test_rows_without_advantage_are_left_out_and_the_update_is_the_same(world, new_policy, tmp_path, monkeypatch):
    """Of the two prompts of each step one has no spread: 4 of 8 rows go through the model, to the same weights."""
    seen: list[int] = []
    original = SparingTrainer._get_per_token_logps_and_entropies

    def counting(self, model, input_ids, *args, **kw):
        seen.append(len(input_ids))
        return original(self, model, input_ids, *args, **kw)

    monkeypatch.setattr(SparingTrainer, "_get_per_token_logps_and_entropies", counting)
    weights = []
    for spares in (True, False):
        if not spares:
            monkeypatch.setattr(SparingTrainer, "spares", False)
        policy = new_policy()
        given = replace(task(world, policy, world.image), scorer=EvenScorer())
        work = WorkFolder(tmp_path / str(spares), "inputs")
        log = train_grpo(policy, given, SETTINGS, options=OPTIONS, work=work, sink=NullSink())
        assert [entry["frac_reward_zero_std"] for entry in log] == [0.5] * 4
        weights.append(policy.model.state_dict())
    assert seen == [4] * 4 + [8] * 4
    for name, value in weights[0].items():
        assert torch.allclose(value, weights[1][name], atol=2e-3), name


def test_a_batch_without_any_advantage_keeps_one_row():
    """Rows of 1 and 2 images, 4 and 2 + 6 pixel rows: the second has the advantage; without any the first is kept."""
    batch = {
        "advantages": torch.tensor([0.0, 1.5]),
        "completion_ids": torch.tensor([[1, 2], [3, 4]]),
        "num_images": [1, 2],
        "image_grid_thw": torch.tensor([[1, 2, 2], [1, 1, 2], [1, 2, 3]]),
        "pixel_values": torch.arange(12)[:, None],
        "num_items_in_batch": torch.tensor(4),
    }
    kept = rows_that_count(batch)
    assert kept["completion_ids"].tolist() == [[3, 4]]
    assert kept["pixel_values"][:, 0].tolist() == list(range(4, 12))
    assert kept["image_grid_thw"].tolist() == [[1, 1, 2], [1, 2, 3]]
    assert (kept["num_images"], kept["num_items_in_batch"].item()) == ([2], 4)
    assert rows_that_count({**batch, "advantages": torch.zeros(2)})["pixel_values"][:, 0].tolist() == [0, 1, 2, 3]


class Killer(NullSink):
    """Stops the process's training at a step, as an interrupt would."""

    def progress(self, done: int, total: int, label: str) -> None:
        if done == 3:
            raise KeyboardInterrupt


def test_killed_grpo_goes_on_and_ends_as_if_nothing_had_happened(world, new_policy, tmp_path):
    """Killed in step 3 of 4, checkpoint at 2: the same curve and weights as without, whatever the policy given."""
    whole, killed, resumed = new_policy(), new_policy(), new_policy(seed=1)
    expected = train(world, whole, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(world, killed, tmp_path / "killed", sink=Killer())
    log = train(world, resumed, tmp_path / "killed")
    assert [entry["reward"] for entry in log] == [entry["reward"] for entry in expected]
    assert [entry["loss"] for entry in log] == [entry["loss"] for entry in expected]
    for name, parameter in resumed.model.state_dict().items():
        assert torch.equal(parameter, whole.model.state_dict()[name]), name


def test_text_and_image_questions_do_not_mix(world):
    with pytest.raises(ArtefactError, match="8 of 16 questions have images"):
        prompt_rows([*world.text, *world.image], image_root=world.root, max_turns=1)


def test_batch_that_cannot_be_cut_is_a_config_error():
    """8 prompts x 8 generations over 3 accumulation steps."""
    assert rows_a_device(GrpoSettings(gradient_accumulation_steps=4), processes=2) == 8
    with pytest.raises(ConfigError, match=r"is 64, expected a multiple of .* = 3"):
        rows_a_device(GrpoSettings(gradient_accumulation_steps=3), processes=1)


def test_m22_kl_is_measured_from_the_starting_checkpoint(world, new_policy, tmp_path):
    """The reference is the checkpoint that the run started from: KL 0 in the first step, more after updates."""
    save_policy(new_policy(), tmp_path / "start")
    policy = load_policy(tmp_path / "start", max_pixels=3136)
    log = train(world, policy, tmp_path / "work", settings=SETTINGS.model_copy(update={"beta": 1e-3}))
    assert log[0]["kl"] == pytest.approx(0, abs=1e-6)
    assert log[-1]["kl"] > 1e-4
