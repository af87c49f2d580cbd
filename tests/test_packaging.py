"""What installs the project: plain pins that agree with pyproject.toml, and commands that name themselves."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!]+)")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    matched = [PIN.fullmatch(line) for line in lines]
    assert all(matched), [line for line, match in zip(lines, matched, strict=True) if match is None]
    return {normal(match[1]): match[2] for match in matched if match is not None}


def test_constraints_are_plain_pins_for_all_that_is_asked_for() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["cpu"], *extras["dev"]]
    pinned = pins()

    for requirement in wanted:
        name, _, version = requirement.partition("==")
        name = normal(re.split(r"[<>=\[;]", name)[0])
        assert name in pinned, f"{name} is not in constraints.txt: run `make pins`"
        assert not version or pinned[name] == version, f"{name}: {version} in pyproject.toml, {pinned[name]} pinned"


def test_the_two_onnxruntimes_exclude_each_other() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]

    assert not [item for item in project["dependencies"] if item.startswith("onnxruntime")]
    assert "onnxruntime-gpu" not in pins()


def test_help_lists_every_command() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None

    shown = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert {line.split()[1] for line in shown.splitlines()} == set(phony[1].split())
