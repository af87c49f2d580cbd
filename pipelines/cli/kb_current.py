"""Whether the index is the one of the passages at hand, told by digests alone: in a fraction of a second."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from medrwr.config import Params
from medrwr.digests import file_digest
from medrwr.knowledge_base.output import PASSAGES, QUARANTINE, TERMS
from medrwr.records import write_text_atomic
from pipelines.paths import Paths

_NOTE = "indexed.sha256"


def is_current(params: Params, paths: Paths) -> bool:
    """Whether nothing that stage `index` reads or writes has changed since `note_indexed`."""
    note = paths.work("knowledge_base") / _NOTE
    return note.is_file() and note.read_text(encoding="utf-8") == _state(params, paths) != ""


def note_indexed(params: Params, paths: Paths) -> None:
    """Call when stage `index` has ended well."""
    write_text_atomic(paths.work("knowledge_base") / _NOTE, _state(params, paths))


def _state(params: Params, paths: Paths) -> str:
    """Digest of settings, passages, encoder and what was published; empty where one of them is missing."""
    sources = sorted(params.knowledge_base.sources)
    files: list[Path] = [paths.knowledge_base(source) / name for source in sources for name in (PASSAGES, TERMS)]
    files += [paths.knowledge_base(source) / QUARANTINE for source in sources]
    files += [paths.encoders / "text/encoder.json", paths.index_manifest, paths.index / "manifest.json"]
    if not all(path.is_file() for path in files):
        return ""
    shaping = [params.index.model_dump(mode="json"), params.base.seed, *(file_digest(path) for path in files)]
    return hashlib.sha256(json.dumps(shaping).encode()).hexdigest()
