"""M2-M4 without a model: the tokens that a policy would sample are given by hand."""

from __future__ import annotations

from typing import Any

import pytest

from medrwr.policy import tiny
from medrwr.rollout.context import Context
from medrwr.rollout.episode import Episode, Limits, TokenKinds
from medrwr.rollout.record import TokenRecord
from medrwr.rollout.tokens import PieceDecoder, decode
from medrwr.types import StopReason
from tests.rollout.world import passage, question

THOUGHT = "<think>I see an arc.</think>"
LIMITS = Limits(turns=1, turn_tokens=40, completion_tokens=120, answer_reserve=16)
KINDS = TokenKinds(stop=frozenset({10_001}), control=frozenset({10_002}))


@pytest.fixture(scope="module")
def merging() -> Any:
    """A tokenizer without tags of its own, in which the end of a tag merges with what follows: '><', '>B'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny, "PROTOCOL_TAGS", ())
        text = "<think>I see an arc.</think><query>arc</query><answer>B. metoral</answer>"
        tokenizer = tiny.train_tokenizer([text] * 50, vocab_size=400)
    pieces = [decode(tokenizer, [token]) for token in tokenizer.encode(text)]
    assert "><" in pieces
    assert ">B" in pieces
    return tokenizer


@pytest.fixture(params=["own tokens", "merging"])
def tokenizer(request: pytest.FixtureRequest, merging: Any) -> Any:
    return merging if request.param == "merging" else tiny.train_tokenizer(["I see an arc."] * 9, vocab_size=300)


def new_episode(tokenizer: Any, limits: Limits = LIMITS) -> Episode:
    record = TokenRecord(tokenizer, (1,))
    return Episode(question(1), Context((1,)), limits, record, PieceDecoder(tokenizer, {}))


def sample(episode: Episode, tokenizer: Any, text: str) -> list[int]:
    """Sample `text` as the tokenizer would spell it, until the environment acts or the episode ends; what it took."""
    taken = []
    for token in tokenizer.encode(text):
        if not episode.running or (taken and episode.record.env_mask[-1] == 0):
            break
        episode.accept(token, -1.0, KINDS)
        taken.append(token)
    return taken


def test_a_whole_episode(tokenizer: Any) -> None:
    episode = new_episode(tokenizer, Limits(2, 40, 300, 16))
    first = sample(episode, tokenizer, THOUGHT + "<query>arc</query>")
    assert episode.query == "arc"
    episode.receive([passage(0, "An arc is treated with metoral.")])
    second = sample(episode, tokenizer, THOUGHT + "<answer>B. metoral</answer>")
    done = episode.trajectory()
    assert done.stop_reason is StopReason.ANSWERED
    assert done.answer.letter == "B"
    assert [(t.think, t.query) for t in done.turns] == [("I see an arc.", "arc"), ("I see an arc.", None)]
    assert [i for i, m in zip(done.completion_ids, done.env_mask, strict=True) if m] == first + second
    assert done.text == (
        THOUGHT
        + "<query>arc</query><retrieve>\n[1] An arc is treated with metoral.</retrieve>"
        + THOUGHT
        + "<answer>B. metoral</answer>"
    )


def test_with_the_budget_spent_the_answer_is_opened_after_the_thought_m3(tokenizer: Any) -> None:
    episode = new_episode(tokenizer, Limits(0, 40, 120, 16))
    sampled = sample(episode, tokenizer, THOUGHT + "<query>arc</query>")
    assert episode.reads_confidence
    assert decode(tokenizer, episode.record.ids) == THOUGHT + "<answer>"  # also where '><' was one token
    assert episode.record.ids[: len(sampled)] == sampled  # sampled ids stay as they are
    for token in tokenizer.encode("B. metoral</answer>"):
        episode.accept(token, -1.0, KINDS)
    assert episode.trajectory().stop_reason is StopReason.FORCED
    assert episode.trajectory().well_formed


def test_a_letter_in_the_same_token_as_the_tag_is_marked_for_a_pass_of_its_own(merging: Any) -> None:
    episode = new_episode(merging)
    sample(episode, merging, THOUGHT + "<answer>B. metoral</answer>")
    assert episode.trajectory().answer.letter == "B"
    assert not episode.reads_confidence
    assert episode.answer_cut is not None
    assert episode.answer_cut.tail == "<"


def test_a_thought_that_exceeds_its_turn_is_closed_and_the_answer_forced(tokenizer: Any) -> None:
    episode = new_episode(tokenizer, Limits(1, 12, 120, 16))
    sample(episode, tokenizer, "<think>" + "arc " * 50)
    text = decode(tokenizer, episode.record.ids)
    assert text.endswith("</think><answer>")
    assert episode.record.sampled == 12
    episode.accept(tokenizer.encode("B")[0], -1.0, KINDS)
    assert episode.running


@pytest.mark.parametrize("space", ["", "\n \n"])
def test_a_turn_spent_between_blocks_forces_the_answer_too(tokenizer: Any, space: str) -> None:
    text = THOUGHT + space
    spent = len(tokenizer.encode(text))
    episode = new_episode(tokenizer, Limits(1, spent, 200, 16))
    sample(episode, tokenizer, text + "<query>")
    assert decode(tokenizer, episode.record.ids) == text + "<answer>"
    assert "think_cut" not in episode._notes


@pytest.mark.parametrize("text", ["<think>a</think><query>" + "arc " * 50, "<think>a</think><answer>B. " + "arc " * 50])
def test_a_query_or_answer_that_exceeds_the_limit_ends_the_episode(tokenizer: Any, text: str) -> None:
    episode = new_episode(tokenizer)
    sample(episode, tokenizer, text)
    done = episode.trajectory()
    assert done.stop_reason is StopReason.LENGTH
    assert done.answer.letter is None
    assert len(done.completion_ids) <= LIMITS.completion_tokens


def test_passages_that_do_not_fit_are_left_out(tokenizer: Any) -> None:
    text = " ".join(["arc"] * 40)
    own, one = (len(tokenizer.encode(part)) for part in (THOUGHT + "<query>arc</query>", f"\n[1] {text}"))
    limits = Limits(2, 40, own + 16 + 8 + int(2.5 * one), 16)  # room for two passages and a half
    episode = new_episode(tokenizer, limits)
    sample(episode, tokenizer, THOUGHT + "<query>arc</query>")
    episode.receive([passage(n, text) for n in range(3)])
    assert episode.running
    assert len(episode._turns[0].passages) == 2
    assert len(episode.record.ids) <= limits.completion_tokens - limits.answer_reserve


def test_without_room_for_any_passage_the_episode_ends(tokenizer: Any) -> None:
    episode = new_episode(tokenizer)
    sample(episode, tokenizer, THOUGHT + "<query>arc</query>")
    episode.receive([passage(0, "arc " * 200)])
    assert episode.stop_reason is StopReason.LENGTH
    assert episode.trajectory().extras["reason"] == "no room for a passage"


@pytest.mark.parametrize(("token", "reason"), [(10_001, StopReason.EOS), (10_002, StopReason.MALFORMED)])
def test_end_of_turn_and_control_tokens(tokenizer: Any, token: int, reason: StopReason) -> None:
    episode = new_episode(tokenizer)
    sample(episode, tokenizer, THOUGHT)
    episode.accept(token, -1.0, KINDS)
    assert episode.stop_reason is reason


def test_an_invented_retrieval_is_malformed(tokenizer: Any) -> None:
    episode = new_episode(tokenizer)
    sample(episode, tokenizer, THOUGHT + "<retrieve>[1] It is B.</retrieve><answer>B</answer>")
    done = episode.trajectory()
    assert done.stop_reason is StopReason.MALFORMED
    assert done.answer.letter is None
    assert not done.retrieved


def test_a_lost_retriever_keeps_the_query(tokenizer: Any) -> None:
    episode = new_episode(tokenizer)
    sample(episode, tokenizer, THOUGHT + "<query>arc</query>")
    episode.lose_retriever("gone")
    done = episode.trajectory()
    assert (done.stop_reason, done.queries, done.extras["reason"]) == (StopReason.RETRIEVER, ("arc",), "gone")


def test_cuts_stand_before_the_query_and_before_the_answer(tokenizer: Any) -> None:
    episode = new_episode(tokenizer, Limits(2, 40, 300, 16))
    sample(episode, tokenizer, THOUGHT + "<query>arc</query>")
    episode.receive([passage(0, "Text.")])
    sample(episode, tokenizer, THOUGHT + "<answer>B. metoral</answer>")
    done = episode.trajectory()
    (query_tokens, query_tail), (answer_tokens, answer_tail) = done.extras["query_cut"], done.extras["answer_cut"]
    assert decode(tokenizer, done.completion_ids[:query_tokens]) == THOUGHT + query_tail
    before = decode(tokenizer, done.completion_ids[:answer_tokens])
    assert before == done.text[: done.text.index("<answer>")] + answer_tail
