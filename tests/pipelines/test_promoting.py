"""An alias moved by hand: to what is complete and verified, and to nothing else."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from medrwr.errors import PromotionError
from medrwr.serving.references import Reference, refer, stored
from pipelines.promoting import REQUIRED, promote, rollback
from pipelines.promotion import Registry
from pipelines.tracking.store import open_store
from pipelines.versions import REFERENCES_TAG


@pytest.fixture
def registry(tracked: Path) -> Registry:
    store = open_store(tracked)
    store.client.create_registered_model("med-rwr")
    return Registry(store, "med-rwr", "champion")


def write(root: Path, text: str) -> list[Reference]:
    """What a run of the pipeline leaves, in the place where the next one overwrites it."""
    for name in REQUIRED:
        (root / "models" / name).mkdir(parents=True, exist_ok=True)
        file = root / "models" / name / "content"
        file.unlink(missing_ok=True)  # as DVC does: a new file, and not new bytes in the linked one
        file.write_text(f"{text} {name}")
    return [refer(name, f"models/{name}", workspace=root) for name in REQUIRED]


def add(registry: Registry, references: list[Reference]) -> str:
    tags = {REFERENCES_TAG: json.dumps([asdict(reference) for reference in references])}
    return str(registry._store.client.create_model_version(registry.name, "file:///nowhere", tags=tags).version)


def champion(registry: Registry) -> str:
    found = registry.champion()
    return "" if found is None else str(found.version)


def test_a_complete_version_gets_the_alias_and_outlives_the_next_run(registry: Registry, tracked: Path) -> None:
    first = write(tracked, "first")
    one = add(registry, first)
    assert promote(registry, one, "looked at it", tracked).to_version == one
    two = add(registry, write(tracked, "second"))
    move = promote(registry, two, "better", tracked)
    assert (move.from_version, move.to_version, move.why) == (one, two, "better")

    shutil.rmtree(tracked / "models" / REQUIRED[0])  # the next run begins
    assert rollback(registry, "wrong on CT", tracked).to_version == one
    assert champion(registry) == one
    assert all((stored(reference, tracked) / reference.path).is_dir() for reference in first)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_version_without_one_of_its_parts_is_refused(registry: Registry, tracked: Path, name: str) -> None:
    references = write(tracked, "first")
    one = add(registry, [reference for reference in references if reference.name != name])
    with pytest.raises(PromotionError, match=f"has no {name}"):
        promote(registry, one, "hurry", tracked)
    assert champion(registry) == ""


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_version_whose_files_are_gone_or_others_is_refused(registry: Registry, tracked: Path, damage: str) -> None:
    one = add(registry, write(tracked, "first"))
    shutil.rmtree(tracked / "models")
    if damage == "changed":
        write(tracked, "second")
    with pytest.raises(PromotionError, match="not complete"):
        promote(registry, one, "hurry", tracked)
    assert champion(registry) == ""
    assert registry.history() == []


def test_a_rollback_to_damaged_files_is_refused_and_the_champion_stays(registry: Registry, tracked: Path) -> None:
    first = write(tracked, "first")
    promote(registry, add(registry, first), "first", tracked)
    two = add(registry, write(tracked, "second"))
    promote(registry, two, "second", tracked)
    (stored(first[0], tracked) / first[0].path / "content").write_text("tampered with")
    with pytest.raises(PromotionError, match="not complete"):
        rollback(registry, "regret", tracked)
    assert champion(registry) == two


def test_unknown_and_present_versions_are_refused(registry: Registry, tracked: Path) -> None:
    one = add(registry, write(tracked, "first"))
    with pytest.raises(PromotionError, match="no version 7, expected one of 1"):
        promote(registry, "7", "typing", tracked)
    promote(registry, one, "first", tracked)
    with pytest.raises(PromotionError, match="already"):
        promote(registry, one, "again", tracked)
    assert len(registry.history()) == 1
