"""The steps of an image, run in a fresh Debian root where no container engine runs (root and debootstrap are needed).

    python -m tests.benchmarks.fresh_root FOLDER            everything, pip's download of gigabytes included
    python -m tests.benchmarks.fresh_root FOLDER --lend     with the packages of the environment that runs this
    python -m tests.benchmarks.fresh_root FOLDER --image gpu

Reads infra/images/Containerfile.cpu (or .gpu) itself: FROM is debootstrap's bookworm with Debian's Python 3.11 in a
virtual environment, in the place of the image that the registry has; RUN, COPY, WORKDIR, USER and ENV are done as
written. Last the entry point runs `medrwr doctor` and a first stage, as the image's user. The image for vLLM has no
step of its own.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.benchmarks.debian_root import Root, bootstrap

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = REPOSITORY / "infra/images"
PROOFS = (("medrwr", "--help"), ("medrwr", "doctor"), ("python", "-m", "pipelines", "clinic"))


@dataclass(frozen=True)
class Step:
    """An instruction and the rest of its lines, joined."""

    word: str
    text: str


def steps_of(file: Path) -> list[Step]:
    """A Containerfile's instructions; comments are left out, continued lines joined."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="does not exist yet")
    parser.add_argument("--image", choices=("cpu", "gpu"), default="cpu", help="whose steps")
    parser.add_argument("--lend", action="store_true", help="lend packages in the place of pip's download")
    options = parser.parse_args()
    packages = Path(sysconfig.get_path("purelib"))
    root = Root(options.folder.resolve(), packages if options.lend else None)
    with tempfile.TemporaryDirectory(prefix="medrwr-context-") as context:
        subprocess.run(["git", "clone", "-q", str(REPOSITORY), context], check=True)
        for step in steps_of(IMAGES / f"Containerfile.{options.image}"):
            begin = time.monotonic()
            follow(root, step, Path(context))
            print(f"{time.monotonic() - begin:7.1f} s  {step.word} {step.text[:90]}", flush=True)
    return 0


def follow(root: Root, step: Step, context: Path) -> None:
    """Do one instruction.

    Raises:
        ValueError: of a word that is not known here.
    """
    words = shlex.split(step.text)
    match step.word:
        case "FROM":
            bootstrap(root)
        case "RUN":
            root.run(lent_install(step.text) if root.lent else step.text)
        case "COPY":
            copy(root, context, words)
        case "WORKDIR":
            root.workdir = step.text
            root.at(".").mkdir(parents=True, exist_ok=True)
        case "USER":
            root.user = step.text
        case "ENV":
            told = (Template(word).safe_substitute(root.variables) for word in words)
            root.variables |= dict(word.split("=", 1) for word in told)
        case "ENTRYPOINT":
            prove(root, step.text)
        case "CMD":
            pass
        case _:
            raise ValueError(f"{step.word} is not known here: add it to `follow`")


def lent_install(command: str) -> str:
    """`pip install` of the project alone, without what it depends on; any other command as it is."""
    if not command.startswith("pip install"):
        return command
    return "pip install --no-cache-dir --no-deps --editable ."


def copy(root: Root, context: Path, words: list[str]) -> None:
    """Files and folders of the clone, which is what a build's context holds."""
    *sources, target = words
    for source in sources:
        found, to = context / source, root.at(target)
        if found.is_dir():
            shutil.copytree(found, to, dirs_exist_ok=True, symlinks=True)
        else:
            shutil.copyfile(found, to / found.name if to.is_dir() else to)


def prove(root: Root, entry: str) -> None:
    """The entry point with each command, as a container starts it."""
    words = json.loads(entry)
    for proof in PROOFS:
        root.run(shlex.join([*words, *proof]))


if __name__ == "__main__":
    sys.exit(main())
