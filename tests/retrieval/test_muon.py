"""Muon in float32 against torch's own, whose products are bfloat16."""

from __future__ import annotations

import pytest
import torch

from medrwr.retrieval.muon import Float32Muon


@pytest.mark.parametrize("shape", [(6, 6), (12, 4), (4, 12)])
def test_updates_are_those_of_torch_but_for_rounding(shape: tuple[int, int]) -> None:
    torch.manual_seed(3)
    start, target = torch.randn(shape), torch.randn(shape)
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    settings = {"lr": 0.05, "weight_decay": 0.1}
    optimisers = (Float32Muon([ours], **settings), torch.optim.Muon([theirs], **settings))
    for _ in range(5):
        for matrix, optimiser in zip((ours, theirs), optimisers, strict=True):
            optimiser.zero_grad()
            ((matrix - target) ** 2).sum().backward()
            optimiser.step()
    moved = (theirs - start).norm()
    assert float((ours - theirs).detach().norm() / moved.detach()) < 0.02


def test_one_step_is_an_orthogonal_matrix_and_a_decay() -> None:
    """Newton-Schulz with Muon's coefficients leaves singular values between .7 and 1.2 (in one step: lr of that)."""
    matrix = torch.nn.Parameter(torch.eye(3) * 2)
    matrix.grad = torch.diag(torch.tensor([3.0, 2.0, 1.0]))
    Float32Muon([matrix], lr=0.1, weight_decay=0.5).step()
    moved = 2 * (1 - 0.1 * 0.5) - torch.diagonal(matrix.detach())
    assert ((moved > 0.068) & (moved < 0.122)).all()
    assert float((matrix.detach() - torch.diag(torch.diagonal(matrix.detach()))).abs().max()) < 1e-6


def test_a_matrix_without_a_gradient_stays() -> None:
    matrix = torch.nn.Parameter(torch.ones(2, 2))
    assert Float32Muon([matrix], lr=0.1, weight_decay=0.5).step(lambda: 4.0) == 4.0
    assert torch.equal(matrix.detach(), torch.ones(2, 2))
