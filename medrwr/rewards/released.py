"""The reference repository's rewards as its released code computes them, faults included (xmed-lab/Med-RwR, 7798ea0).

For the comparison of M21 only: what each fix is worth is measured against these. `reference_*` beside each reward are
the same numbers with the faults that the review found put right. Two things cannot be the same: entities come from our
recogniser, not from scispaCy, and where the code draws an image and a query at random, the first of each is taken.
"""

from __future__ import annotations

import re

from medrwr.rewards.inputs import RewardInputs

_MANY = 5  # entities in a query above which 1 is deducted
_ANSWER = re.compile(r"<answer>(.*?)</answer>")  # without DOTALL: an answer over several lines is none
_TAGS = {f"<{slash}{name}>" for slash in ("", "/") for name in ("think", "query", "retrieve", "answer")}
_CYCLE = r"(?:<think>[^<>]*?</think>(?:\s*<query>[^<>]*?</query>\s*<retrieve>[^<>]*?</retrieve>)?\s*)*"
_WHOLE = re.compile(rf"^{_CYCLE}<answer>[^<>]*?</answer>\s*$", re.DOTALL | re.MULTILINE)
_PLAIN = re.compile(r"^<think>[^<>]*?</think>\s*<answer>[^<>]*?</answer>\s*$", re.DOTALL | re.MULTILINE)


def released_accuracy(inputs: RewardInputs) -> float:
    """5 for the gold letter with whatever text behind it, 4 for the letter alone."""
    letter, text = _stated(inputs)
    if letter != inputs.question.gold_letter.lower():
        return 0.0
    return 5.0 if text else 4.0


def released_format(inputs: RewardInputs) -> float:
    """0, 1 or 3 less deductions; the pattern runs over retrieved text too, so "p < 0.05" in a document voids it."""
    text = inputs.trajectory.text
    if any(tag not in _TAGS for tag in re.findall(r"<[^>]+>", text)) or re.search(r"=[a-zA-Z]+>", text):
        return 0.0
    score = 0.0
    if "<query>" not in text and "<retrieve>" not in text:
        score = 1.0 if _PLAIN.match(text) else 0.0
    elif _WHOLE.match(text):
        letter, stated = _stated(inputs)
        score = 3.0 if letter == inputs.question.gold_letter.lower() and stated else 1.0
    empty = any(
        not block.strip() for _, block in re.findall(r"<(think|query|retrieve|answer)>(.*?)</\1>", text, re.DOTALL)
    )
    return score - float(empty) - float(bool(re.search(r"[\n\r]{3,}", text)))


def released_query_text(inputs: RewardInputs) -> float:
    """Entities a word of the query, less 1 above five; the gold is cut at its first ".", and retrieved text never seen.

    Of "B. Cardiac tamponade" the letter is left, which no recogniser calls an entity, and the retrieved text is
    searched in the prompt, where it never is: neither has a part in the score.
    """
    words = len(" ".join(inputs.trajectory.queries).split())
    if not words:
        return 0.0
    found = len(inputs.entities.query)
    return min(1.0, found / words) - (1.0 if found > _MANY else 0.0)


def released_query_image(inputs: RewardInputs) -> float:
    """A tenth of the cosine of one image and one query. (Without a query, the code scores the first sentence.)"""
    similar = inputs.similarities
    return 0.1 * similar[0][0] if similar and similar[0] else 0.0


def released_confidence(inputs: RewardInputs) -> float:
    """0 when right, -0.5 when wrong: "b" is looked for among "A", "B", "C", so ranks stay 0 and 10, scores 0."""
    letter, _ = _stated(inputs)
    return 0.0 if letter == inputs.question.gold_letter.lower() else (0 - 10) * 0.05


def _stated(inputs: RewardInputs) -> tuple[str, str]:
    """What the released code takes for the letter, and the text behind it."""
    match = _ANSWER.search(inputs.trajectory.text)
    words = match.group(1).strip().split(" ") if match else [""]
    return words[0].lower().replace(".", ""), " ".join(words[1:]).lower()
