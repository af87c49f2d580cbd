"""Ingestion under attack, under SIGKILL, and when nearly nothing has changed.

    python -m tests.benchmarks.ingestion --check           10,000 damaged files, lines of 1 GB, all of MedQuAD
    python -m tests.benchmarks.ingestion --check --small   300 damaged files, lines of 64 MB, a part: for CI
    python -m tests.benchmarks.ingestion --only robustness | kills | incremental

The last line is JSON. With --check a missed bar ends with exit code 1. MedQuAD is read from MEDRWR_TEST_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.digests import folder_digest
from medrwr.knowledge_base.cache import Cache
from medrwr.knowledge_base.entries import STUMBLED
from medrwr.knowledge_base.ingestion import ingest
from medrwr.knowledge_base.output import Ingested
from medrwr.records import read_records
from medrwr.types import Passage, Quarantined
from tests.benchmarks.chain import Figure
from tests.benchmarks.mutations import MEBIBYTE, good, hostile, long_lines, mutated

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = KnowledgeBaseSettings(chunk_words=50)
SEED = 7


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    damaged: int
    sound: int
    line_mebibytes: int
    hostile_mebibytes: int
    kills: int
    collections: tuple[str, ...]


FULL = Size(10_000, 170, 1024, 30, 20, ())
SMALL = Size(300, 34, 64, 2, 4, ("9_CDC_QA",))


def robustness(size: Size, folder: Path) -> list[Figure]:
    """Damaged, hostile and sound files in one folder, read by a process of its own."""
    documents, alone = folder / "documents", folder / "alone"
    for place in (documents, alone):
        place.mkdir(parents=True)
        for name, content in good(size.sound):
            (place / name).write_bytes(content)
    for name, content in mutated(size.damaged, SEED):
        (documents / name).write_bytes(content)
    for name, content in hostile(size.hostile_mebibytes):
        (documents / name).write_bytes(content)
    long_lines(documents, size.line_mebibytes * MEBIBYTE)
    expected = sound_passages(run(alone, folder / "alone-out").out)
    child = run(documents, folder / "out")
    print(f"  {child.counts}", file=sys.stderr)
    found = sound_passages(child.out)
    return [
        Figure("crashes", float(child.code != 0), 0, "", exact=True),
        Figure("longest_file", child.longest_s, 10),
        Figure("peak_memory", child.peak_mib, 2048, "MiB"),
        Figure("sound_passages_lost", float(len(expected - found)), 0, "", exact=True),
        Figure("readers_failed", float(len(failures(child.out))), 0, "", exact=True),
        Figure("files_unaccounted_for", float(unaccounted(documents, child.out)), 0, "", exact=True),
    ]


def sound_passages(out: Path) -> set[tuple[str, str]]:
    passages, _ = read_records(out / "passages.jsonl", Passage)
    return {(one.passage_id, one.text) for one in passages if one.document_id.startswith("good-")}


def failures(out: Path) -> list[str]:
    """Files for which a reader was not prepared; named."""
    rows, _ = read_records(out / "quarantine.jsonl", Quarantined)
    failed = [f"{row.record_id}: {row.reason}" for row in rows if STUMBLED in row.reason]
    for line in failed[:20]:
        print(f"  {line}", file=sys.stderr)
    return failed


def unaccounted(documents: Path, out: Path) -> int:
    """Files of which neither a document nor a quarantined record is left."""
    names = {path.name.removesuffix(".md") for path in documents.iterdir()}
    seen = {json.loads(line)["document_id"] for line in (out / "passages.jsonl").open(encoding="utf-8")}
    seen |= {json.loads(line)["record_id"] for line in (out / "quarantine.jsonl").open(encoding="utf-8")}
    missing = names - {one.split("#", 1)[0] for one in seen}
    return len(missing)


@dataclass(frozen=True)
class Child:
    """What a process that ingested a folder said of itself."""

    code: int
    out: Path
    longest_s: float
    peak_mib: float
    counts: dict[str, Any]


def run(documents: Path, out: Path) -> Child:
    command = [sys.executable, "-m", "tests.benchmarks.ingestion", "--child", str(documents), str(out)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, env=environment())
    if done.returncode:
        print(done.stderr[-3000:], file=sys.stderr)
        return Child(done.returncode, out, float("inf"), float("inf"), {})
    said = json.loads(done.stdout.splitlines()[-1])
    return Child(0, out, said["longest_s"], said["peak_mib"], said["counts"])


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def processor_s() -> float:
    """Of this process and the workers that ended: other work on this machine does not count."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def child(documents: Path, out: Path) -> None:
    """Ingest, and say how long the slowest file took and how much memory this process or a worker had."""
    longest, last, slowest = 0.0, processor_s(), 0

    def progress(done: int, _total: int, _label: str) -> None:
        nonlocal longest, last, slowest
        now = processor_s()
        if done > 1 and now - last > longest:  # the first waits for all digests
            longest, slowest = now - last, done
        last = now

    store = Cache(out.with_name(out.name + ".sqlite"))
    entry = SourceSettings(path=str(documents))
    done = ingest(documents, out, store, source="s", settings=SETTINGS, entry=entry, progress=progress)
    peaks = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    counts = {**asdict(done), "slowest": sorted(path.name for path in documents.iterdir())[slowest - 1]}
    print(json.dumps({"longest_s": longest, "peak_mib": max(peaks), "counts": counts}))


def kills(size: Size, folder: Path) -> list[Figure]:
    """SIGKILL at random instants, each run going on from the last; the end is that of a run that nobody disturbed."""
    documents = folder / "documents"
    documents.mkdir(parents=True)
    for name, content in [*good(3 * size.sound), *mutated(size.sound, SEED)]:
        (documents / name).write_bytes(content)
    start = time.monotonic()
    run(documents, folder / "undisturbed")
    seconds = time.monotonic() - start
    chance = random.Random(SEED)
    command = [sys.executable, "-m", "tests.benchmarks.ingestion", "--child", str(documents), str(folder / "out")]
    killed = 0
    for _ in range(size.kills):
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, env=environment())
        time.sleep(chance.uniform(0.3, 1.0) * seconds)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    run(documents, folder / "out")
    print(f"  {killed} of {size.kills} runs were killed at work", file=sys.stderr)
    same = folder_digest(folder / "out") == folder_digest(folder / "undisturbed")
    return [Figure("same_after_kills", float(same), 1, "", exact=True)]


def incremental(size: Size, folder: Path) -> list[Figure]:
    """MedQuAD: the first run, nothing changed, 1% changed, one document deleted."""
    data = Path(os.environ.get("MEDRWR_TEST_DATA", REPOSITORY.parent / "shared/data")) / "text/medquad"
    if not data.is_dir():
        print(f"{data} does not exist: the incremental figures are left out", file=sys.stderr)
        return []
    documents = folder / "documents"
    for name in size.collections or [path.name for path in data.iterdir() if path.is_dir()]:
        shutil.copytree(data / name, documents / name, copy_function=shutil.copyfile)
        (documents / name).chmod(0o755)
    first, first_s = timed(documents, folder / "out")
    _, same_s = timed(documents, folder / "out")
    files = sorted(documents.rglob("*.xml"))
    changed = files[:: 100 if len(files) > 1000 else 20]
    for path in changed:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("</Answer>", " Reviewed again this year.</Answer>"), encoding="utf-8")
    second, changed_s = timed(documents, folder / "out")
    gone = next(path for path in files if path not in changed and "<Answer>" in path.read_text(encoding="utf-8"))
    gone.unlink()
    third, deleted_s = timed(documents, folder / "out")
    passages, _ = read_records(folder / "out/passages.jsonl", Passage)
    left = sum(one.document_id == gone.relative_to(documents).as_posix() for one in passages)
    print(
        f"  {first.documents} documents, {first.passages} passages: first {first_s:.1f} s, nothing "
        f"changed {same_s:.2f} s, "
        f"{len(changed)} files changed {changed_s:.2f} s ({changed_s / first_s:.1%}), one deleted {deleted_s:.2f} s",
        file=sys.stderr,
    )
    return [
        Figure("nothing_changed", same_s, 2.0),
        Figure("files_read_too_many", float(second.read - len(changed) + third.read), 0, "", exact=True),
        Figure("passages_of_a_deleted_document", float(left), 0, "", exact=True),
    ]


def timed(documents: Path, out: Path) -> tuple[Ingested, float]:
    """Counts, and seconds of processor time."""
    start = processor_s()
    store = Cache(out.with_name(out.name + ".sqlite"))
    try:
        entry = SourceSettings(path=str(documents))
        done = ingest(documents, out, store, source="medquad", settings=SETTINGS, entry=entry)
    finally:
        store.close()
    return done, processor_s() - start


PARTS = {"robustness": robustness, "kills": kills, "incremental": incremental}


def measure(size: Size, names: list[str]) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="medrwr-ingestion-") as folder:
            figures += PARTS[name](size, Path(folder))
    return figures


def report(figures: list[Figure]) -> bool:
    for figure in figures:
        sign = "=" if figure.exact else "<="
        verdict = "ok" if figure.met else "MISSED"
        print(f"  {figure.name:32} {figure.value:10.2f} {figure.unit:4} {sign:>2} {figure.bar:g}  {verdict}")
    met = all(figure.met for figure in figures)
    values = {one.name: round(one.value, 3) if one.value < float("inf") else None for one in figures}
    print(json.dumps({"benchmark": "ingestion", "met": met, **values}))
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--small", action="store_true", help="for CI: some seconds")
    parser.add_argument("--only", choices=list(PARTS), action="append", help="one part; may be given again")
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return 0
    met = report(measure(SMALL if options.small else FULL, options.only or list(PARTS)))
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
