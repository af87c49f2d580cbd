"""Confidence-driven image re-retrieval (M26): unsure answers are given again, beside similar cases.

    prompt .. <think>t</think>            as the episode had it, up to its answer
    <retrieve>[1] IMAGE caption</retrieve>  inserted
    <think>t</think><answer>..</answer>     sampled anew, after one more query where the rule allows it

Deviations from the reference code: the search is live, the image stands at the point of retrieval, both answers are
kept, and the new one wins only when it is the more confident (`arbitration="new"` is the paper's way).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from medrwr.rollout.confidence import RAW, ConfidenceScale, calibrated_confidence
from medrwr.rollout.context import Context, ImageInput, load_images, open_image, picture_ids, prepare_images
from medrwr.rollout.engine import RolloutEngine, RolloutRequest
from medrwr.rollout.loop import Seat
from medrwr.rollout.protocol import render_cases
from medrwr.rollout.record import Cut, TokenRecord
from medrwr.rollout.scoring import cut_of
from medrwr.types import ImageCase, ScoredCase, Trajectory

if TYPE_CHECKING:
    from PIL.Image import Image


class CaseSearch(Protocol):
    """What re-retrieval needs of a case retriever (near-duplicates of the query image are left out by it)."""

    def search_batch(self, images: Sequence[Image], *, k: int | None = None) -> list[tuple[ScoredCase, ...]]:
        """The most similar cases of each image, best first."""

    def load_image(self, case: ImageCase) -> Image:
        """The case's image."""


@dataclass(frozen=True, slots=True)
class CdirRule:
    """When to retrieve again, and which answer to believe (M27).

    Attributes:
        threshold: lambda; a calibrated confidence below it triggers the search (0.8 in the paper).
        scale: how confidence is read, from calibration; without one as the policy gives it.
        second_scale: how that of second answers is read; None: as that of first ones.
        k: similar cases to insert (1 in the paper); 0: no question is asked again.
        queries: what a second look may still ask of the knowledge base; 0: it answers from the cases.
        arbitration: 'confident' believes the more confident answer, 'new' always the second.
    """

    threshold: float
    scale: ConfidenceScale = RAW
    k: int = 1
    queries: int = 0
    arbitration: Literal["confident", "new"] = "confident"
    second_scale: ConfidenceScale | None = None

    def confidences(self, first: Trajectory, second: Trajectory) -> tuple[float, float]:
        """Calibrated confidence of both answers."""
        scale = self.scale if self.second_scale is None else self.second_scale
        return calibrated_confidence(first, self.scale), calibrated_confidence(second, scale)


@dataclass(frozen=True, slots=True)
class Reretrieval:
    """One episode before and after; `second` is None where it was confident enough, or no case was found.

    `chosen` is the one believed; when there was a second, its `cases` and `extras["cdir"]` tell what happened.
    """

    first: Trajectory
    second: Trajectory | None
    chosen: Trajectory


def reretrieve(
    engine: RolloutEngine,
    requests: Sequence[RolloutRequest],
    trajectories: Sequence[Trajectory],
    cases: CaseSearch,
    rule: CdirRule,
    *,
    temperature: float = 0.0,
) -> list[Reretrieval]:
    """Answer the unsure image questions again; one result a trajectory, in order.

    Args:
        requests: what the trajectories were played from.
        temperature: of sampling; 0 is greedy.

    Raises:
        ImageError: an image cannot be decoded.
    """
    unsure = [index for index, trajectory in enumerate(trajectories) if is_unsure(requests[index], trajectory, rule)]
    found = search_cases(requests, unsure, cases, rule.k)
    found = {index: scored for index, scored in found.items() if scored}
    seconds: dict[int, Trajectory] = {}
    indices = list(found)
    for start in range(0, len(indices), engine.settings.batch_size):
        chunk = indices[start : start + engine.settings.batch_size]
        work = [(requests[i], trajectories[i], found[i]) for i in chunk]
        seats = second_seats(engine, work, cases, rule)
        seconds.update(zip(chunk, engine.play(seats, temperature=temperature), strict=True))
    return [judge(first, seconds.get(index), found.get(index, ()), rule) for index, first in enumerate(trajectories)]


def is_unsure(request: RolloutRequest, trajectory: Trajectory, rule: CdirRule) -> bool:
    """An image question that came to its answer block with a calibrated confidence below the threshold.

    An answer block that could not be parsed has confidence 0.
    """
    if rule.k == 0 or not request.question.images or cut_of(trajectory, "answer_cut") is None:
        return False
    return calibrated_confidence(trajectory, rule.scale) < rule.threshold


def second_wins(first: Trajectory, second: Trajectory, rule: CdirRule) -> bool:
    """Whether the second answer is the one believed."""
    if rule.arbitration == "new":
        return True
    before, after = rule.confidences(first, second)
    return after > before


def search_cases(
    requests: Sequence[RolloutRequest], unsure: Sequence[int], cases: CaseSearch, k: int
) -> dict[int, tuple[ScoredCase, ...]]:
    """The k best cases over all images of each of the requests numbered in `unsure`, each case once."""
    owners = [(index, name) for index in unsure for name in requests[index].question.images]
    results = (
        cases.search_batch([open_image(requests[i].image_root / name) for i, name in owners], k=k) if owners else []
    )
    merged: dict[int, dict[str, ScoredCase]] = {index: {} for index in unsure}
    for (index, _), scored in zip(owners, results, strict=True):
        for one in scored:
            known = merged[index].get(one.case.case_id)
            if known is None or known.score < one.score:
                merged[index][one.case.case_id] = one
    return {
        index: tuple(sorted(best.values(), key=lambda one: (-one.score, one.case.case_id))[:k])
        for index, best in merged.items()
    }


def second_seats(
    engine: RolloutEngine,
    work: Sequence[tuple[RolloutRequest, Trajectory, tuple[ScoredCase, ...]]],
    cases: CaseSearch,
    rule: CdirRule,
) -> list[Seat]:
    """Second looks, to be played: each begins where the first look's answer began, beside its similar cases."""
    prompts = load_images(
        engine.policy, [request.image_root / name for request, _, _ in work for name in request.question.images]
    )
    distinct = {one.case.case_id: one.case for _, _, scored in work for one in scored}
    pictures = dict(
        zip(
            distinct, prepare_images(engine.policy, [cases.load_image(case) for case in distinct.values()]), strict=True
        )
    )
    seats = []
    for request, trajectory, scored in work:
        own = [prompts[request.image_root / name] for name in request.question.images]
        again = replace(request, max_turns=rule.queries)
        seats.append(_seat(engine, again, trajectory, scored, own, [pictures[one.case.case_id] for one in scored]))
    return seats


def _seat(
    engine: RolloutEngine,
    request: RolloutRequest,
    trajectory: Trajectory,
    scored: Sequence[ScoredCase],
    own: Sequence[ImageInput],
    pictures: Sequence[ImageInput],
) -> Seat:
    cut = cut_of(trajectory, "answer_cut")
    assert cut is not None
    record = TokenRecord(engine.policy.tokenizer, trajectory.prompt_ids)
    end = cut.tokens
    record.replay(trajectory.completion_ids[:end], trajectory.env_mask[:end], trajectory.logprobs[:end])
    record.insert_ids(_case_block(engine.policy, record, cut, scored, pictures))
    record.take_pending()  # all of it is prefilled
    limits = engine.limits(request)
    room = len(record.ids) + limits.turn_tokens + 2 * limits.answer_reserve
    if limits.turns:
        room = len(record.ids) + limits.completion_tokens
    context = Context((*trajectory.prompt_ids, *record.ids), (*own, *pictures))
    episode = engine.episode(request, context, record, replace(limits, completion_tokens=room))
    episode.resume(trajectory.turns)
    return engine.seat(episode, request.seed, occurrence=0)


def _case_block(
    policy: Any, record: TokenRecord, cut: Cut, scored: Sequence[ScoredCase], pictures: Sequence[ImageInput]
) -> list[int]:
    """Ids of `<retrieve>`, each case as number, image and caption, `</retrieve>`."""
    widths, tail = iter([picture.tokens for picture in pictures]), cut.tail
    ids: list[int] = []
    for segment in render_cases([one.case for one in scored]):
        ids += picture_ids(policy, next(widths)) if segment.image else record.encode(segment.text, tail)
        tail = ""
    return ids


def judge(first: Trajectory, second: Trajectory | None, scored: tuple[ScoredCase, ...], rule: CdirRule) -> Reretrieval:
    """Arbitrate between two answers to one question by the rule."""
    if second is None:
        return Reretrieval(first, None, first)
    second = replace(second, cases=scored)
    before, after = rule.confidences(first, second)
    newer = second_wins(first, second, rule)
    account = {
        "first": {"letter": first.answer.letter, "confidence": before},
        "second": {"letter": second.answer.letter, "confidence": after},
        "chosen": "second" if newer else "first",
    }
    chosen = replace(second if newer else first, cases=scored)
    return Reretrieval(first, second, replace(chosen, extras={**chosen.extras, "cdir": account}))
