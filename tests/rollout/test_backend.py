"""The cache, the mask, the draw."""

from __future__ import annotations

import torch

from medrwr.policy.loading import Policy
from medrwr.rollout.backend import Batch, generating
from medrwr.rollout.cache import KeyValueCache, causal_mask
from medrwr.rollout.context import Context
from medrwr.rollout.sampling import draw, episode_uniforms

NONE = torch.tensor([], dtype=torch.long)


def test_the_cache_grows_and_keeps_what_it_had() -> None:
    cache = KeyValueCache(layers=1)
    steps = [torch.randn(2, 1, width, 4) for width in (100, 1, 60, 1)]
    for step in steps:
        keys, values = cache.update(step, -step, 0)
    expected = torch.cat(steps, dim=2)
    assert torch.equal(keys, expected)
    assert torch.equal(values, -expected)
    cache.select(torch.tensor([1, 1, 0]))
    keys, _ = cache.update(torch.zeros(3, 1, 1, 4), torch.zeros(3, 1, 1, 4), 0)
    assert torch.equal(keys[:, :, :-1], expected[[1, 1, 0]])


def test_who_sees_whom() -> None:
    valid = torch.tensor([[False, True, True, False, True]])
    visible = causal_mask(valid, 2)[0, 0].int().tolist()
    assert visible == [[0, 1, 1, 1, 0], [0, 1, 1, 0, 1]]  # a padding slot sees itself: no empty softmax
    assert causal_mask(valid, 1)[0, 0].int().tolist() == [[0, 1, 1, 0, 1]]


def test_the_draw_is_the_inverse_transform() -> None:
    logits = torch.tensor([[0.25, 0.5, 0.25]]).log()
    for uniform, token in ((0.0, 0), (0.2, 0), (0.3, 1), (0.74, 1), (0.76, 2), (0.999999, 2)):
        tokens, logprobs = draw(logits, torch.tensor([uniform]).double(), temperature=1.0, suppressed=NONE)
        assert tokens.item() == token
        assert torch.allclose(logprobs, logits[0, token])


def test_temperature_flattens_and_greedy_reads_at_one() -> None:
    logits = torch.tensor([[0.2, 0.8]]).log()
    # at T = 2: sqrt(.2) : sqrt(.8) = 1 : 2
    _, logprobs = draw(logits, torch.tensor([0.9]).double(), temperature=2.0, suppressed=NONE)
    assert torch.allclose(logprobs.exp(), torch.tensor([2 / 3]))
    tokens, logprobs = draw(logits, torch.tensor([0.0]).double(), temperature=0.0, suppressed=NONE)
    assert tokens.item() == 1
    assert torch.allclose(logprobs.exp(), torch.tensor([0.8]))


def test_a_suppressed_token_is_never_drawn() -> None:
    logits = torch.tensor([[0.1, 0.8, 0.1]]).log().expand(50, -1)
    uniforms = torch.linspace(0, 0.999, 50).double()
    tokens, logprobs = draw(logits, uniforms, temperature=1.0, suppressed=torch.tensor([1]))
    assert set(tokens.tolist()) == {0, 2}
    assert torch.allclose(logprobs.exp(), torch.full((50,), 0.1))  # of the whole vocabulary, as a trainer computes it


def test_streams_differ_by_question_seed_and_occurrence() -> None:
    streams = {
        tuple(episode_uniforms(*key, 3).tolist()) for key in (("a", 1, 1), ("b", 1, 1), ("a", 2, 1), ("a", 1, 2))
    }
    assert len(streams) == 4
    assert torch.equal(episode_uniforms("a", 1, 1, 5)[:3], episode_uniforms("a", 1, 1, 3))


def test_rows_that_join_change_nothing_for_the_others(policy: Policy) -> None:
    """Two rows, one a token ahead; a third joins; all go on as if each had been alone."""
    contexts = [Context((5, 6, 7)), Context((8, 9)), Context((10, 11, 12, 13))]
    with generating(policy.model):
        batch = Batch(policy, contexts[:2])
        batch.advance([[20], []])
        batch.advance([[], [21, 22]])
        batch.join(contexts[2:])
        batch.advance([[23], [24], [25]])
        alone = [Batch(policy, [Context(ids)]).logits[0] for ids in ((5, 6, 7, 20, 23), (8, 9, 21, 22, 24))]
        alone.append(Batch(policy, [Context((10, 11, 12, 13, 25))]).logits[0])
    assert torch.allclose(batch.logits, torch.stack(alone), atol=1e-4)
    assert batch._cache.length == 5  # closed up: 4 tokens in the longest row when the third joined, and one more
