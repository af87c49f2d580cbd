"""The stages of dvc.yaml, resolved by DVC itself: templates, parameters and `foreach` as `dvc repro` sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "dvc.yaml"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class StageNode:
    """One stage. Paths are posix strings relative to the workspace; `upstream` names the stages that make its deps.

    `consumed`: the outs that another stage depends on, or all outs where none does. They are what the stage hands
    on, so that an index rewritten with new file names but the same manifest counts as unchanged.
    """

    name: str
    command: str
    description: str
    group: str
    kinds: tuple[str, ...]
    frozen: bool
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    metrics: tuple[str, ...]
    plots: tuple[str, ...]
    upstream: tuple[str, ...]
    consumed: tuple[str, ...]
    code_version: str

    @property
    def key(self) -> tuple[str, ...]:
        """The asset key: `knowledge_base@clinic` becomes ("knowledge_base", "clinic")."""
        return tuple(self.name.split("@"))


def read_graph(root: Path) -> tuple[StageNode, ...]:
    """All stages of the dvc.yaml in `root`, in its order.

    Raises:
        dvc.exceptions.DvcException: dvc.yaml or params.yaml cannot be resolved; DVC names the line.
    """
    from dvc.repo import Repo

    with Repo(str(root)) as repo:
        stages = [stage for stage in repo.index.stages if stage.path_in_repo == FILE]
        return tuple(_node(stage, stages, root) for stage in stages)


def _node(stage: Any, stages: Sequence[Any], root: Path) -> StageNode:
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
        frozen=bool(stage.frozen),
        deps=deps,
        outs=outs,
        metrics=tuple(out.def_path for out in stage.outs if out.metric),
        plots=tuple(out.def_path for out in stage.outs if out.plot),
        upstream=tuple(name for name, paths in made.items() if any(overlap(dep, out) for dep in deps for out in paths)),
        consumed=consumed or results or outs,
        code_version=_code_version(stage, deps, root),
    )


def overlap(first: str, second: str) -> bool:
    """Whether two paths are equal, or one is a folder that holds the other."""
    return first == second or first.startswith(second + "/") or second.startswith(first + "/")


def _paths(items: Iterable[Any]) -> tuple[str, ...]:
    return tuple(item.def_path for item in items)


def _code_version(stage: Any, deps: Iterable[str], root: Path) -> str:
    """Command, parameter values and Python sources as 12 hex digits: what a person changed, never data."""
    digest = hashlib.sha256(str(stage.cmd).encode())
    for dep in deps:
        path = root / dep
        sources = sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.suffix == ".py" else []
        for source in sources:
            if source.is_file():
                digest.update(source.relative_to(root).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    for params in (dep for dep in stage.deps if hasattr(dep, "params")):
        digest.update(repr(sorted(params.read_params().items())).encode())
    return digest.hexdigest()[:12]
