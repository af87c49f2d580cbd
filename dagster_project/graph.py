"""The stages of dvc.yaml, resolved by DVC itself: templates, parameters and `foreach` as `dvc repro` sees them.

Each item of a `foreach` or `matrix` stage is an asset of its own, not a partition of one: DVC locks, runs and skips it
alone, its dependencies may be its own, and a person sees each with its own data version and checks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medrwr.errors import ConfigError

FILE = "dvc.yaml"
OTHER = "other"
OWNER = "team:medrwr"  # of a stage whose meta names no `owners` (addresses, or team:NAME)
SAFE_NAME = re.compile(r"[A-Za-z0-9_-]+(@[A-Za-z0-9_-]+)?")
TRAINER_POOL, INDEX_POOL = "trainer", "index_writer"
CODE = (".py", ".toml", ".lock")


@dataclass(frozen=True, slots=True)
class StageNode:
    """One stage. Paths are posix strings relative to the workspace; `upstream` names the stages that make its deps,
    `external` the data among its deps that no stage makes.

    `consumed`: the outs that another stage depends on, or all outs where none does. They are what the stage hands
    on, so that an index rewritten with new file names but the same manifest counts as unchanged.
    """

    name: str
    command: str
    description: str
    group: str
    kinds: tuple[str, ...]
    owners: tuple[str, ...]
    frozen: bool
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    metrics: tuple[str, ...]
    plots: tuple[str, ...]
    upstream: tuple[str, ...]
    external: tuple[str, ...]
    consumed: tuple[str, ...]
    code_version: str
    pool: str | None

    @property
    def key(self) -> tuple[str, ...]:
        """The asset key: `knowledge_base@clinic` becomes ("knowledge_base", "clinic")."""
        return tuple(self.name.split("@"))


def read_graph(root: Path) -> tuple[StageNode, ...]:
    """All stages of the dvc.yaml in `root`, in its order.

    Raises:
        ConfigError: dvc.yaml, params.yaml or dvc.lock cannot be read or resolved; the graph has a cycle, or two stages
            make the same path; a stage has no out, or a name that is not safe as a key and a file name.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            stages = [stage for stage in repo.index.stages if stage.path_in_repo == FILE]
            repo.index.check_graph()
            for stage in stages:
                _require_usable(stage)
            sources = _Sources(root)
            return tuple(_node(stage, stages, sources) for stage in stages)
    except DvcException as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"the graph in {root / FILE} cannot be used: {reason}: correct it (`dvc dag`)") from error


def _require_usable(stage: Any) -> None:
    if not SAFE_NAME.fullmatch(str(stage.name)):
        raise ConfigError(
            f"stage {stage.name!r} of {FILE} becomes an asset key and a file name, expected letters, digits, _ and -, "
            "with one @ before the item of a foreach: rename it, or the key of the item"
        )
    if not stage.outs:
        raise ConfigError(
            f"stage {stage.name!r} of {FILE} has no out, metric or plot: DVC would run it each time, and nothing could "
            "depend on it: name what it leaves"
        )


class _Sources:
    """Digests of Python sources below a workspace; each folder is read once, however many stages depend on it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, bytes] = {}

    def is_code(self, dep: str) -> bool:
        """Whether a dep is a source file, or a folder that holds some."""
        return Path(dep).suffix in CODE or bool(self.digest(dep))

    def digest(self, dep: str) -> bytes:
        """Names and bytes of the Python files of a dep; b'' where there are none."""
        if dep not in self._known:
            path = self._root / dep
            files = sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.suffix == ".py" else []
            texts = [
                file.relative_to(self._root).as_posix().encode() + b"\0" + file.read_bytes()
                for file in files
                if file.is_file()
            ]
            self._known[dep] = hashlib.sha256(b"\0".join(texts)).digest() if texts else b""
        return self._known[dep]


def _node(stage: Any, stages: Sequence[Any], sources: _Sources) -> StageNode:
    meta = stage.meta or {}
    deps = _paths(dep for dep in stage.deps if not hasattr(dep, "params"))
    others = {other.name: other for other in stages if other is not stage}
    made = {name: _paths(other.outs) for name, other in others.items()}
    needed = {dep for other in others.values() for dep in _paths(other.deps)}
    outs = _paths(stage.outs)
    results = tuple(out.def_path for out in stage.outs if not out.metric and not out.plot)
    consumed = tuple(out for out in outs if any(overlap(out, dep) for dep in needed))
    return StageNode(
        name=stage.name,
        command=stage.cmd if isinstance(stage.cmd, str) else " && ".join(stage.cmd),
        description=stage.desc or "",
        group=str(meta.get("group", OTHER)),
        kinds=tuple(str(kind) for kind in meta.get("kinds", ())),
        owners=tuple(str(owner) for owner in meta.get("owners", (OWNER,))),
        frozen=bool(stage.frozen),
        deps=deps,
        outs=outs,
        metrics=tuple(out.def_path for out in stage.outs if out.metric),
        plots=tuple(out.def_path for out in stage.outs if out.plot),
        upstream=tuple(name for name, paths in made.items() if any(overlap(dep, out) for dep in deps for out in paths)),
        external=tuple(
            dep
            for dep in deps
            if not sources.is_code(dep) and not any(overlap(dep, out) for paths in made.values() for out in paths)
        ),
        consumed=consumed or results or outs,
        code_version=_code_version(stage, deps, sources),
        pool=meta.get("pool", _pool(str(meta.get("group", OTHER)), meta.get("kinds", ()))),
    )


def _pool(group: str, kinds: Sequence[str]) -> str | None:
    """At most one trainer and one writer of an index at a time; the limits are in dagster.yaml."""
    if "lancedb" in kinds:
        return INDEX_POOL
    return TRAINER_POOL if group == "policy" and "torch" in kinds else None


def overlap(first: str, second: str) -> bool:
    """Whether two paths are equal, or one is a folder that holds the other."""
    return first == second or first.startswith(second + "/") or second.startswith(first + "/")


def _paths(items: Iterable[Any]) -> tuple[str, ...]:
    return tuple(item.def_path for item in items)


def _code_version(stage: Any, deps: Iterable[str], sources: _Sources) -> str:
    """Command, parameter values and Python sources as 12 hex digits: what a person changed, never data."""
    digest = hashlib.sha256(str(stage.cmd).encode())
    for dep in deps:
        digest.update(sources.digest(dep))
    for params in (dep for dep in stage.deps if hasattr(dep, "params")):
        digest.update(repr(sorted(params.read_params().items())).encode())
    return digest.hexdigest()[:12]
