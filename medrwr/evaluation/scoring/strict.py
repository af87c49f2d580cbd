r"""Our reading of a completion, whoever wrote it: the letter that it commits to, or None (M16).

Looked for in this order, and the first kind that is there counts alone: answer blocks of our protocol, `\boxed{}`,
"final answer: B", "the answer is B", and lines that are nothing but an option ("B. metoral"). What commits to two
letters is not read; nor are questions, conditions, denials ("the answer is not B"), an option's text without a letter,
and letters of other alphabets that look like ours. No nearest string, no first capital, no guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from medrwr.evaluation.scoring.statements import statements
from medrwr.rollout.answers import parse_answer
from medrwr.rollout.tags import ANSWER, closing, opening

_BLOCK = re.compile(rf"{opening(ANSWER)}(.*?){closing(ANSWER)}", re.DOTALL)
_OURS = re.compile(r"</?(?:answer|query|retrieve)>")
_THOUGHT = re.compile(r"^.*</think>|<think>.*$", re.DOTALL)  # of others: what follows it is the answer
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|bf|rm)\s*\{([^{}]*)\}")


def read_letter(completion: str, options: Sequence[str]) -> str | None:
    """The letter of the option that `completion` commits to; None where there is none, or more than one."""
    if _OURS.search(completion):
        return _one(parse_answer(block, options).letter for block in _BLOCK.findall(completion))
    completion = _THOUGHT.sub("", completion)
    if boxes := _BOXED.findall(completion):
        return _one(parse_answer(_WRAPPED.sub(r"\1", box), options).letter for box in boxes)
    text = unicodedata.normalize("NFKC", completion)
    final, other = statements(text, options)
    if final or other:
        return _one(final or other)
    return _one(_lines(text, options))


def _lines(text: str, options: Sequence[str]) -> list[str | None]:
    """Letters of the lines that are an option and nothing else, where the first or the last line is one."""
    lines = [line.strip().removeprefix("#").strip() for line in text.splitlines() if line.strip()]
    letters = [parse_answer(line, options).letter for line in lines]
    return [letter for letter in letters if letter] if any((*letters[:1], *letters[-1:])) else []


def _one(letters: Iterable[str | None]) -> str | None:
    found = set(letters)
    return found.pop() if len(found) == 1 else None
