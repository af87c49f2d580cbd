"""How a registered version names its artefacts: by path and SHA-256, verified before anything is loaded.

The weights stay where the pipeline wrote them. When later stages overwrite that place, the version is found in the
workspace's store of promoted artefacts (`STORE`), where a promotion has linked them.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medrwr.digests import file_digest, folder_digest
from medrwr.errors import ArtefactError, DigestError

STORE = Path("models/registry")

CHECKPOINT = "checkpoint"
ENCODERS = "encoders"
INDEX = "index"
CASE_INDEX = "case_index"
CASE_IMAGES = "case_images"
CALIBRATION = "calibration"


@dataclass(frozen=True, slots=True)
class Reference:
    """One artefact: `path` is relative to the workspace, `sha256` that of `manifest`, or of `path` where that is ''.

    A manifest stands for an artefact whose own bytes differ each time it is built (an index) or are too many.
    """

    name: str
    path: str
    sha256: str
    manifest: str = ""

    @property
    def witness(self) -> str:
        """The path whose bytes the digest is of."""
        return self.manifest or self.path


@dataclass(frozen=True, slots=True)
class Located:
    """A verified artefact on this machine."""

    path: Path
    manifest: Path


def refer(name: str, path: str, *, workspace: Path, manifest: str = "") -> Reference:
    """Digest one artefact of a workspace.

    Raises:
        ArtefactError: it is missing or empty.
    """
    if manifest and not (workspace / path).exists():
        raise ArtefactError(f"{workspace / path} does not exist: run the stage that writes it (`dvc repro`)")
    return Reference(name, path, digest_of(workspace / (manifest or path)), manifest)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files and their names.

    Raises:
        ArtefactError: it is missing or empty.
    """
    return folder_digest(path) if path.is_dir() else file_digest(path)


def locate(reference: Reference, workspaces: Sequence[Path]) -> Located:
    """Find the artefact whose digest is the recorded one, in a workspace or its store.

    Raises:
        ArtefactError: it is nowhere.
        DigestError: what is there has another digest; says which.
    """
    found: dict[Path, str] = {}
    for root in [place for workspace in workspaces for place in (workspace, stored(reference, workspace))]:
        witness, path = root / reference.witness, root / reference.path
        if not (witness.exists() and path.exists()):
            continue
        found[witness] = digest_of(witness)
        if found[witness] == reference.sha256:
            return Located(path, witness)
    if not found:
        raise ArtefactError(
            f"{reference.name} {reference.witness} is not in {', '.join(map(str, workspaces))}: "
            "fetch it with `dvc checkout`, or make it with `dvc repro`"
        )
    seen = ", ".join(f"{path} has {digest[:12]}" for path, digest in found.items())
    raise DigestError(
        f"{reference.name} was registered with digest {reference.sha256[:12]}, but {seen}: fetch the version that was "
        "registered (`git checkout` of its revision, then `dvc checkout`), or register this one (`dvc repro register`)"
    )


def stored(reference: Reference, workspace: Path) -> Path:
    """The root below which the store has this artefact."""
    return workspace / STORE / f"{reference.name}-{reference.sha256[:16]}"


def keep(reference: Reference, workspace: Path) -> Path:
    """Link the artefact into the store, so that it outlives the next run of the pipeline; returns its root there.

    Files are hard links: no byte is copied, unless the file system cannot link.
    """
    root = stored(reference, workspace)
    for relative in sorted({reference.path, reference.witness}):
        _link_tree(workspace / relative, root / relative)
    return root


def prune(references: Iterable[Reference], workspace: Path) -> None:
    """Remove from the store what none of `references` names."""
    wanted = {stored(reference, workspace) for reference in references}
    for root in sorted((workspace / STORE).glob("*")):
        if root.is_dir() and root not in wanted:
            shutil.rmtree(root)


def _link_tree(source: Path, target: Path) -> None:
    for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
        if file.is_file():
            place = target / file.relative_to(source) if source.is_dir() else target
            place.parent.mkdir(parents=True, exist_ok=True)
            _link(file, place)


def _link(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return
    temporary = target.with_name(target.name + ".tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copy2(source, temporary)
    temporary.replace(target)
