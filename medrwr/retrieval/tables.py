"""Where an index's tables lie: in its folder, or on an object store that a file in the folder names.

The folder always holds what is small and renamed into place: the list of generations and the writer's lock. Address
and keys of a store are taken from the environment by Lance itself (AWS_ENDPOINT, AWS_ALLOW_HTTP, AWS_ACCESS_KEY_ID and
so on). On a store nothing is cleaned up: a registered model may refer to any version, and no hard link keeps it there.
"""

from __future__ import annotations

import json
from pathlib import Path

from medrwr.errors import ArtefactError, ConfigError
from medrwr.records import write_text_atomic
from medrwr.retrieval.manifest import INSIDE

FILE = "tables.json"


def tables_uri(folder: Path) -> str:
    """What LanceDB is to connect to.

    Raises:
        ArtefactError: the file that names it is damaged.
    """
    file = folder / FILE
    if not file.is_file():
        return str(folder.resolve())
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["uri"])
    except (ValueError, TypeError, KeyError) as error:
        raise ArtefactError(f"{file} is damaged ({error!r}): remove {folder} and run `dvc repro`") from None


def are_remote(folder: Path) -> bool:
    """Whether the tables lie on an object store."""
    return (folder / FILE).is_file()


def place_tables(folder: Path, uri: str) -> None:
    """Say that the tables of a new index go to `uri`, of this index alone.

    Raises:
        ConfigError: not an address of a store, or the index has tables elsewhere.
    """
    if "://" not in uri:
        raise ConfigError(f"tables are to lie at {uri!r}: expected an address such as s3://bucket/index")
    if (folder / INSIDE).is_file() and tables_uri(folder) != uri:
        raise ConfigError(f"index {folder} has its tables at {tables_uri(folder)}, not {uri}: remove the folder first")
    folder.mkdir(parents=True, exist_ok=True)
    write_text_atomic(folder / FILE, json.dumps({"uri": uri}) + "\n")


def has_table(folder: Path, name: str) -> bool:
    """Whether there is such a table (LanceDB itself would create a folder)."""
    if not are_remote(folder):
        return (folder / f"{name}.lance").is_dir()
    import lancedb

    return name in lancedb.connect(tables_uri(folder)).table_names(limit=1000)
