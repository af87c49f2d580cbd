"""What the passages of a file depend on: its bytes, the settings, and the code of this package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medrwr.config import KnowledgeBaseSettings, SourceSettings
from medrwr.digests import file_digest
from medrwr.errors import ArtefactError


@dataclass(frozen=True, slots=True)
class DigestedFile:
    """A file, its id, and the key of what its passages depend on."""

    path: Path
    file_id: str
    key: str


def digested(
    files: Iterable[tuple[Path, str]], source: str, settings: KnowledgeBaseSettings, entry: SourceSettings
) -> list[DigestedFile]:
    """Every file with its key; of a file that cannot be read, the key says so."""
    shaping = {
        "source": source,
        "settings": settings.model_dump(mode="json", exclude={"sources", "near_duplicates", "engine", "workers"}),
        "entry": entry.model_dump(mode="json", exclude={"path"}),
        "code": _code_digest(),
    }
    common = hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()
    return [DigestedFile(path, file_id, f"{common[:16]}-{_content_key(path)}") for path, file_id in files]


def _content_key(path: Path) -> str:
    try:
        return file_digest(path)
    except (ArtefactError, OSError) as error:
        return f"unreadable: {type(error).__name__}"


@cache
def _code_digest() -> str:
    """Of this package: another version of a reader makes other passages."""
    code = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in code)).hexdigest()
