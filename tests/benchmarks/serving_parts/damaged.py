"""Requests that nobody should have to answer: good ones, damaged at random, and files that are no pictures."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.mutations import flipped, overwritten, repeated, shuffled, truncated
from tests.rollout.world import DRUGS, question

PATHS = ("/v1/answers", "/v1/answers", "/v1/answers", "/v1/preview", "/v1/chat/completions", "/v1/feedback")
FILE_DAMAGE = (truncated, flipped, shuffled, repeated, overwritten)
_WORDS = ("", " ", "\0", "A", "x" * 30_000, "\ud800", "</answer>", "<|im_end|>", "١", "ﷺ" * 50, "https://example.org/a")
_VALUES: tuple[Any, ...] = (None, True, -1, 1e308, [], {}, [[]], {"a": {"b": []}}, 0, "NaN", 10**30)


def image_files(data: Path | None, drawn: Sequence[Path]) -> list[bytes]:
    """Real DICOM files (small ones) and PNG files; without the data the drawn ones alone."""
    files = [file.read_bytes() for file in drawn]
    if data is not None:
        found = sorted(file for file in (data / "dicom").rglob("*") if file.is_file() and file.stat().st_size < 300_000)
        files += [file.read_bytes() for file in found if file.read_bytes()[128:132] == b"DICM"]
    return files


def requests_of(count: int, files: Sequence[bytes], *, seed: int) -> Iterator[tuple[str, bytes]]:
    """(path, body) of `count` damaged requests; the same seed, the same requests."""
    chance = random.Random(seed)
    for number in range(count):
        path = chance.choice(PATHS)
        body = _body(path, number, files, chance)
        if chance.random() < 0.6:
            body = _changed(body, chance)
        content = json.dumps(body).encode()
        if chance.random() < 0.25:
            content = chance.choice(FILE_DAMAGE)(content, chance)
        yield path, content


def _body(path: str, number: int, files: Sequence[bytes], chance: random.Random) -> Any:
    asked = question(number)
    image = chance.choice(files)
    if chance.random() < 0.7:
        image = chance.choice(FILE_DAMAGE)(image, chance)
    text = base64.b64encode(image).decode()
    if path == "/v1/preview":
        return {"image": text}
    if path == "/v1/feedback":
        return {"id": f"ans-{number:024x}", "rating": "right"}
    if path == "/v1/answers":
        return {"question": asked.text, "options": list(DRUGS), "images": [text] if chance.random() < 0.6 else []}
    lines = "\n".join([asked.text, *(f"{letter}. {drug}" for letter, drug in zip("ABCD", DRUGS, strict=True))])
    url = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{text}"}}
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": lines}, url]}]}


def _changed(value: Any, chance: random.Random) -> Any:
    """One value somewhere inside is another one, or is gone, or comes often."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        changes: tuple[Callable[[], Any], ...] = (
            lambda: {**value, key: _changed(value[key], chance)},
            lambda: {name: one for name, one in value.items() if name != key},
            lambda: {**value, chance.choice(_WORDS): value[key]},
        )
        return chance.choice(changes)()
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        often = value * chance.randint(2, 20)
        return chance.choice((often, [*value[:place], _changed(value[place], chance), *value[place + 1 :]]))
    return chance.choice((*_WORDS, *_VALUES))
