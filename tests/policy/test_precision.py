"""The output layer multiplies in float32 in a bfloat16 model, and under autocast."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from medrwr.policy.loading import Policy, load_policy, save_policy
from medrwr.policy.tiny import build_tiny_policy


@pytest.fixture(scope="module")
def tiny_policy() -> Policy:
    corpus = ["A hazy nodule is treated first."] * 4
    return build_tiny_policy(corpus, seed=0, vocab_size=400, width=64, layers=1, heads=2)


def test_logits_of_a_bfloat16_policy_are_not_rounded_to_bfloat16(tiny_policy: Policy, tmp_path: Path) -> None:
    save_policy(tiny_policy, tmp_path)
    policy = load_policy(tmp_path, dtype="bfloat16")
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        output = policy.model(input_ids=ids, output_hidden_states=True)
        head = policy.model.get_output_embeddings()
        expected = output.hidden_states[-1].float() @ head.weight.float().T
    assert head.weight.dtype == torch.bfloat16
    assert output.logits.dtype == torch.float32
    assert torch.equal(output.logits, expected)
    assert not torch.equal(output.logits, output.logits.bfloat16().float())


def test_autocast_leaves_the_output_layer_alone(tiny_policy: Policy, tmp_path: Path) -> None:
    save_policy(tiny_policy, tmp_path)
    head = load_policy(tmp_path).model.get_output_embeddings()
    hidden = torch.randn(2, head.in_features)
    with torch.no_grad():
        expected = hidden @ head.weight.T
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(head(hidden), expected)
            assert not torch.equal(hidden @ head.weight.T, expected)
