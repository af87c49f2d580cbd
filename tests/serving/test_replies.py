"""From a trajectory to a reply: the blocks in order, each source once, the calibrated confidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from medrwr.serving.replies import make_reply
from medrwr.types import (
    Answer,
    ImageCase,
    Passage,
    Question,
    ScoredCase,
    ScoredPassage,
    StopReason,
    Trajectory,
    Turn,
)

QUESTION = Question("q", "What is the treatment?", ("kemopril", "metoral"), 0)
FOUND = (
    ScoredPassage(Passage("p1", "It is treated with metoral.", "d1", title="Tarvenosis", source="clinic"), 0.9),
    ScoredPassage(Passage("p2", "Another.", "d2", title="Other", source="medquad"), 0.5),
)
TRAJECTORY = Trajectory(
    question_id="q",
    prompt_ids=(1,),
    completion_ids=(2,),
    env_mask=(1,),
    logprobs=(-0.1,),
    turns=(Turn("a ring", "ring, treatment", FOUND), Turn("again", "ring", FOUND[:1]), Turn("metoral")),
    answer=Answer("B", "metoral", "B. metoral"),
    stop_reason=StopReason.ANSWERED,
    option_probs=(0.2, 0.8),
)
CASE = ScoredCase(ImageCase("c1", "c1.png", "A granular ring."), 0.7)


def kinds(trajectory: Trajectory) -> list[str]:
    return [step.kind for step in make_reply(QUESTION, trajectory, (), calibrated=False).trajectory]


def test_the_blocks_come_in_order() -> None:
    assert kinds(TRAJECTORY) == ["think", "query", "retrieve", "think", "query", "retrieve", "think", "answer"]


def test_each_source_once_in_the_order_of_reading() -> None:
    reply = make_reply(QUESTION, TRAJECTORY, (0.3, 0.7), calibrated=True)
    assert [(source.passage_id, source.source, source.score) for source in reply.sources] == [
        ("p1", "clinic", 0.9),
        ("p2", "medquad", 0.5),
    ]


def test_the_confidence_is_that_of_the_chosen_option() -> None:
    reply = make_reply(QUESTION, TRAJECTORY, (0.3, 0.7), calibrated=True)
    assert (reply.answer, reply.answer_text, reply.confidence, reply.re_retrieved) == ("B", "metoral", 0.7, False)


def test_no_answer_is_said_not_guessed() -> None:
    lost = replace(TRAJECTORY, answer=Answer(None), stop_reason=StopReason.LENGTH, option_probs=(), text="<think>hm")
    reply = make_reply(QUESTION, lost, (), calibrated=True)
    assert (reply.answer, reply.answer_text, reply.confidence, reply.stop_reason) == ("", "", 0.0, "length")
    assert (reply.trajectory[-1].kind, reply.trajectory[-1].text) == ("unparsed", "<think>hm")


def test_an_unreadable_answer_gives_the_most_probable_option_and_says_so() -> None:
    muddled = replace(TRAJECTORY, answer=Answer(None, raw="C. sorimab"))
    reply = make_reply(QUESTION, muddled, (0.3, 0.7), calibrated=True)
    assert (reply.answer, reply.confidence, reply.parsed) == ("B", 0.7, False)
    assert reply.trajectory[-1].text == "C. sorimab"


def test_similar_cases_stand_where_the_policy_saw_them() -> None:
    """M26: before the last thought when the second answer is believed; after the first episode when it is not."""
    chosen: dict[str, Any] = {"cdir": {"chosen": "second"}}
    second = replace(TRAJECTORY, cases=(CASE,), extras=chosen)
    assert kinds(second)[-3:] == ["cases", "think", "answer"]
    first = replace(TRAJECTORY, cases=(CASE,), extras={"cdir": {"chosen": "first"}})
    assert kinds(first)[-3:] == ["think", "cases", "answer"]
    reply = make_reply(QUESTION, second, (), calibrated=True)
    assert reply.re_retrieved
    assert [case.caption for case in reply.cases] == ["A granular ring."]
