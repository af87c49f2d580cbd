"""M4: ids and text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from medrwr.policy.loading import Policy
from medrwr.rollout.record import TokenRecord, without_overlap
from medrwr.rollout.tokens import PieceDecoder, decode, encode_text


def test_a_tag_never_merges_with_its_neighbours(policy: Policy, wordy_policy: Policy) -> None:
    for tokenizer in (policy.tokenizer, wordy_policy.tokenizer):
        alone = encode_text(tokenizer, "<answer>")
        assert encode_text(tokenizer, "<answer>B. kemopril")[: len(alone)] == alone
    assert len(encode_text(policy.tokenizer, "<answer>")) == 1
    assert len(encode_text(wordy_policy.tokenizer, "<answer>")) > 1


@given(st.text(alphabet="aB<>/ é漢😀\u0301", max_size=20))
def test_pieces_join_to_the_text(policy: Policy, text: str) -> None:
    ids = encode_text(policy.tokenizer, text)
    stream = PieceDecoder(policy.tokenizer, {})
    assert "".join(stream.feed(token) for token in ids) == decode(policy.tokenizer, ids)


def test_an_unfinished_character_waits(policy: Policy) -> None:
    ids = encode_text(policy.tokenizer, "漢")
    assert len(ids) == 3
    stream = PieceDecoder(policy.tokenizer, {})
    assert [stream.feed(token) for token in ids] == ["", "", "漢"]


def test_what_the_sampled_token_holds_is_not_inserted_again() -> None:
    assert without_overlap("<answer>", "<") == "answer>"
    assert without_overlap("<answer>", "\n<an") == "swer>"
    assert without_overlap("<answer>", ".") == "<answer>"
    assert without_overlap("<answer>", "") == "<answer>"


def test_a_record_keeps_three_lists_in_step(policy: Policy) -> None:
    record = TokenRecord(policy.tokenizer, (1, 2))
    record.sample(7, -0.5)
    record.insert("<answer>")
    record.sample(9, -0.25)
    tag = encode_text(policy.tokenizer, "<answer>")
    assert record.ids == [7, *tag, 9]
    assert record.env_mask == [1, 0, 1]
    assert record.logprobs == [-0.5, 0.0, -0.25]
    assert (record.sampled, record.take_pending(), record.pending) == (2, [7, *tag, 9], [])
