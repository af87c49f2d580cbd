"""The folder of a run: what it is of (run.json), and a line a question, appended as answers come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from medrwr.errors import ArtefactError
from medrwr.evaluation.runs.answered import Answered
from medrwr.records import to_line, write_text_atomic

RUN = "run.json"
PER_QUESTION = "per_question.jsonl"
SUMMARY = "summary.json"  # written last


@dataclass(frozen=True, slots=True)
class Claim:
    """What a run is of: digests of model and data, and the settings that answers depend on.

    Attributes:
        model: its name, for people.
        digests: SHA-256 by part: model, index, calibration, ...
        benchmarks: SHA-256 of the questions that are asked, by benchmark.
        settings: everything else that changes an answer or its score.
    """

    model: str
    digests: Mapping[str, str]
    benchmarks: Mapping[str, str]
    settings: Mapping[str, Any]


class RunFolder:
    """A run's answers so far. A killed run is continued by the same claim; another claim is refused."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    def begin(self, claim: Claim) -> list[Answered]:
        """Claim the folder, or find it claimed by this run; returns what is answered already.

        Raises:
            ArtefactError: the folder holds another run, or something else.
        """
        record = json.loads(json.dumps(asdict(claim)))
        file = self.path / RUN
        if file.is_file():
            difference = _difference(_read(file), record)
            if difference:
                raise ArtefactError(
                    f"{self.path} holds a run that differs in {difference}: name another --out, or remove the folder"
                )
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise ArtefactError(f"{self.path} is not empty and holds no run: name another --out")
        write_text_atomic(file, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        return self._answered()

    def append(self, answers: Iterable[Answered]) -> None:
        """Add lines, each whole or, when killed in between, left out when the run goes on."""
        with (self.path / PER_QUESTION).open("a", encoding="utf-8") as stream:
            stream.write("".join(to_line(answered) + "\n" for answered in answers))
            stream.flush()

    def write(self, name: str, text: str) -> Path:
        """A file beside the answers."""
        write_text_atomic(self.path / name, text)
        return self.path / name

    def _answered(self) -> list[Answered]:
        """The whole lines; a line that broke off is taken away, so that the next one stands alone."""
        file = self.path / PER_QUESTION
        if not file.is_file():
            return []
        content = file.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with file.open("r+b") as stream:
                stream.truncate(len(whole))
        return parse_lines(whole.splitlines(), str(file))


def parse_lines(lines: Iterable[bytes], what: str) -> list[Answered]:
    """Answers from lines of per_question.jsonl.

    Raises:
        ArtefactError: a line is none, or a question stands there twice.
    """
    adapter, answers = TypeAdapter(Answered), dict[tuple[str, str], Answered]()
    for number, line in enumerate(lines, start=1):
        try:
            answered = adapter.validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            raise ArtefactError(f"{what}:{number} is no answer of a run ({reason}): remove the run's folder") from None
        if answered.name in answers:
            raise ArtefactError(f"{what}:{number} repeats {answered.name[1]!r}: remove the run's folder and run again")
        answers[answered.name] = answered
    return list(answers.values())


def read_claim(folder: Path) -> Claim:
    """What the run in `folder` is of.

    Raises:
        ArtefactError: there is no run.
    """
    if not (folder / RUN).is_file():
        raise ArtefactError(f"{folder} holds no run: name the --out folder of a `medrwr eval`")
    return TypeAdapter(Claim).validate_python(_read(folder / RUN))


def _read(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_bytes())
        TypeAdapter(Claim).validate_python(values)
    except (ValueError, ValidationError):
        raise ArtefactError(f"{file} is damaged: remove the run's folder, or name another --out") from None
    return dict(values)


def _difference(held: Mapping[str, Any], asked: Mapping[str, Any], path: str = "") -> str:
    """The first place where two claims differ, with both values; '' where there is none. The model's name is none."""
    for key in dict.fromkeys((*held, *asked)):
        before, after, place = held.get(key), asked.get(key), f"{path}{key}"
        if before == after or place == "model":
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            return _difference(before, after, f"{place}.")
        return f"{place} ({_short(before)} there, {_short(after)} now)"
    return ""


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 16 else text[:12] + ".."
