"""Rewards (M15-M21): one function a file, and their weighted mixture."""

from medrwr.rewards.accuracy import accuracy_reward
from medrwr.rewards.confidence import confidence_reward
from medrwr.rewards.format import format_reward
from medrwr.rewards.inputs import EntitySets, RewardInputs
from medrwr.rewards.mixture import RewardMixture
from medrwr.rewards.query_image import query_image_reward
from medrwr.rewards.query_text import query_text_reward

__all__ = [
    "EntitySets",
    "RewardInputs",
    "RewardMixture",
    "accuracy_reward",
    "confidence_reward",
    "format_reward",
    "query_image_reward",
    "query_text_reward",
]
