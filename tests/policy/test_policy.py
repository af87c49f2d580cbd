"""The policy: the prompt of M6, checkpoints that open and those that must not, the tiny model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from medrwr.errors import CheckpointError
from medrwr.policy.loading import Policy, load_policy, save_policy
from medrwr.policy.prompts import build_messages, render_prompt
from medrwr.policy.tiny import PROTOCOL_TAGS, build_tiny_policy
from medrwr.types import Question

CORPUS = ["A granular apical ring on echocardiography is treated first with kemopril."] * 20
QUESTION = Question("q", "Which drug?", ("kemopril", "tavozole"), 0, images=("a.png", "b.png"))


@pytest.fixture(scope="module")
def policy() -> Policy:
    return build_tiny_policy(CORPUS, seed=1, vocab_size=400)


def test_m6_one_template_names_the_tags_the_budget_and_the_options() -> None:
    system, user = build_messages(QUESTION, max_turns=2)
    for tag in ("<think>", "<query>", "<retrieve>", "<answer>", "up to 2 times"):
        assert tag in system["content"][0]["text"]
    assert [block["type"] for block in user["content"]] == ["image", "image", "text"]
    assert user["content"][-1]["text"] == "Which drug?\nA. kemopril\nB. tavozole"
    assert "<query>" not in build_messages(QUESTION, max_turns=0)[0]["content"][0]["text"]


def test_the_prompt_opens_the_assistants_turn_with_one_placeholder_an_image(policy: Policy) -> None:
    text = render_prompt(policy, QUESTION, max_turns=3)
    assert text.endswith("<|im_start|>assistant\n")
    assert text.count("<|image_pad|>") == 2


def test_tags_are_single_tokens_that_decoding_keeps(policy: Policy) -> None:
    """Special tokens vanish with skip_special_tokens; the protocol's tags must not."""
    ids = policy.tokenizer("<think>ring</think><|im_end|>").input_ids
    assert policy.tokenizer.decode(ids, skip_special_tokens=True) == "<think>ring</think>"
    assert all(len(policy.tokenizer(tag).input_ids) == 1 for tag in PROTOCOL_TAGS)


@pytest.mark.parametrize("text", ["ß λ 血 🩻", "a\x00b", "kemopril\n\n  x", "<think", "é"])
def test_any_text_survives_the_tokenizer(policy: Policy, text: str) -> None:
    assert policy.tokenizer.decode(policy.tokenizer(text).input_ids) == text


def test_same_seed_same_weights_and_the_callers_random_state_is_untouched() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, two = (build_tiny_policy(CORPUS, seed=3, vocab_size=400) for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    for a, b in zip(one.model.parameters(), two.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_saved_policy_opens_again_and_predicts_the_same(policy: Policy, tmp_path: Path) -> None:
    save_policy(policy, tmp_path / "p")
    again = load_policy(tmp_path / "p", max_pixels=3136)
    image = Image.new("RGB", (112, 112), (90, 90, 90))
    text = render_prompt(policy, Question("q", "?", ("a", "b"), 0, images=("x.png",)), max_turns=3)
    outputs = []
    for p in (policy, again):
        inputs = p.processor(text=[text], images=[image], return_tensors="pt")
        assert int(inputs["image_grid_thw"].prod()) == 16  # 56 x 56 pixels in patches of 14
        with torch.no_grad():
            outputs.append(p.model(**inputs).logits)
    assert torch.equal(*outputs)


@pytest.mark.parametrize(
    ("file", "named"),
    [("model.safetensors", "weights"), ("tokenizer.json", "tokenizer"), ("processor_config.json", "processor")],
)
def test_an_incomplete_checkpoint_says_what_is_missing(policy: Policy, tmp_path: Path, file: str, named: str) -> None:
    save_policy(policy, tmp_path / "p")
    (tmp_path / "p" / file).unlink()
    with pytest.raises(CheckpointError, match=rf"lacks .*{named}"):
        load_policy(tmp_path / "p")


def test_truncated_weights_and_an_unreachable_hub_are_checkpoint_errors(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_policy(policy, tmp_path / "p")
    weights = tmp_path / "p/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"cannot be opened"):
        load_policy(tmp_path / "p")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match=r"give a folder with safetensors, or a hub name"):
        load_policy("nobody/no-such-model")
