"""`medrwr models`, `medrwr promote` and `medrwr rollback`: versions, the alias, and its history."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines import promoting
from pipelines.cli.screen import make_console
from pipelines.moves import Move
from pipelines.params import load_params
from pipelines.process import set_environment
from pipelines.promotion import METRIC_TAG, PROMOTED_TAG, REASON_TAG, Registry
from pipelines.tracking.store import open_store


def models(root: Path = Path(), console: Console | None = None) -> None:
    """Print all versions and the moves of the alias.

    Raises:
        TrackingError: the registry cannot be reached.
    """
    console = console or make_console()
    metric = load_params(root).register_.gate_metric
    registry = _registry(root)
    versions = registry.versions()
    if not versions:
        console.print(f"{registry.name} has no version yet: run `dvc repro`")
        return
    carriers = {carrier.version: name for name, carrier in registry.carriers().items()}
    table = Table(title=f"{registry.name}, gate metric {metric}", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("version", "alias", "metric", "promoted", "checkpoint", "revision"):
        table.add_column(heading, no_wrap=True)
    for version in versions:
        tags = version.tags
        table.add_row(
            str(version.version),
            carriers.get(version.version, ""),
            f"{float(tags[METRIC_TAG + metric]):.4f}" if METRIC_TAG + metric in tags else "-",
            tags.get(PROMOTED_TAG, "-"),
            tags.get("digest.checkpoint", "")[:12],
            tags.get("git.revision", "")[:12],
        )
    console.print(table)
    for version in versions:
        console.print(f"version {version.version}: {escape(version.tags.get(REASON_TAG, 'not judged'))}")
    for move in registry.history():
        console.print(f"{move.when} {move.who}: {move.from_version or 'none'} -> {move.to_version}: {escape(move.why)}")


def promote(version: str, why: str, root: Path = Path(), console: Console | None = None) -> None:
    """Give the alias to a version.

    Raises:
        PromotionError: it is not there, not complete, or carries the alias already.
        TrackingError: the registry cannot be reached.
    """
    registry = _registry(root)
    _say(registry, promoting.promote(registry, version, why, root), console)


def rollback(why: str, root: Path = Path(), console: Console | None = None) -> None:
    """Give the alias back.

    Raises:
        PromotionError: there is no previous version, or it is not complete.
        TrackingError: the registry cannot be reached.
    """
    registry = _registry(root)
    _say(registry, promoting.rollback(registry, why, root), console)


def _say(registry: Registry, move: Move, console: Console | None) -> None:
    before = move.from_version or "none"
    (console or make_console()).print(f"{registry.name}@{registry.alias}: version {before} -> {move.to_version}")


def _registry(root: Path) -> Registry:
    params = load_params(root)
    set_environment(params)
    return Registry(open_store(root), params.register_.model_name, params.register_.alias)
