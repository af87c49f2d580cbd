"""Assets derived from dvc.yaml: one a stage, none written by hand."""

# No `from __future__ import annotations`: Dagster reads the annotations of asset functions as objects.

import re
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from dagster_project.automation import condition, freshness
from dagster_project.graph import StageNode
from dagster_project.lock import data_version, recorded_outs
from dagster_project.report import stage_metadata
from dagster_project.resources import DvcRunner, Metadata

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


def build_assets(nodes: Sequence[StageNode], root: Path) -> list[dg.AssetsDefinition | dg.SourceAsset]:
    """One asset for each stage; a frozen stage is only observed, as `dvc repro` never runs it."""
    keys = {node.name: dg.AssetKey(node.key) for node in nodes}
    return [_observed(node, root) if node.frozen else _materialised(node, keys) for node in nodes]


def build_sources(nodes: Sequence[StageNode]) -> list[dg.AssetSpec]:
    """Data that stages read and none makes: drawn, never run; the lock sensor records which version was read."""
    return [
        dg.AssetSpec(
            source_key(path),
            description=f"Data at {path}, made outside of this graph.",
            group_name="sources",
            kinds={"dvc"},
            owners=sorted({owner for node in nodes if path in node.external for owner in node.owners}),
        )
        for path in sorted({path for node in nodes for path in node.external})
    ]


def source_key(path: str) -> dg.AssetKey:
    """`source` and the parts of the path, what is no key's character replaced."""
    return dg.AssetKey(["source", *(_UNSAFE.sub("_", part) for part in Path(path).parts if part not in ("/", ".."))])


def _materialised(node: StageNode, keys: dict[str, dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=keys[node.name],
        deps=[*(keys[name] for name in node.upstream), *(source_key(path) for path in node.external)],
        description=node.description,
        group_name=node.group,
        kinds={"dvc", *node.kinds},
        owners=list(node.owners),
        code_version=node.code_version,
        metadata={"command": node.command, "dvc stage": node.name},
        output_required=True,
        pool=node.pool,
        automation_condition=condition(),
        freshness_policy=freshness(),
    )
    def stage(context: dg.AssetExecutionContext, dvc: DvcRunner) -> dg.MaterializeResult[None]:
        outcome, reported = dvc.repro(context, node)
        return _result(node, dvc.root, skipped=outcome.skipped, reported=reported)

    return stage


def _result(node: StageNode, root: Path, *, skipped: bool, reported: Metadata) -> dg.MaterializeResult[None]:
    outs = recorded_outs(root, node.name)
    version = data_version(outs, node.consumed)
    return dg.MaterializeResult(
        asset_key=dg.AssetKey(node.key),
        metadata={**reported, **stage_metadata(root, node, outs, skipped=skipped)},
        data_version=dg.DataVersion(version) if version else None,
    )


def _observed(node: StageNode, root: Path) -> dg.SourceAsset:
    @dg.observable_source_asset(
        key=dg.AssetKey(node.key),
        description=node.description,
        group_name=node.group,
        tags={f"dagster/kind/{kind}": "" for kind in ("dvc", *node.kinds)},
        metadata={"command": node.command, "dvc stage": node.name, "frozen": True},
    )
    def observe() -> dg.ObserveResult:
        outs = recorded_outs(root, node.name)
        version = data_version(outs, node.consumed)
        return dg.ObserveResult(
            asset_key=dg.AssetKey(node.key),
            metadata=stage_metadata(root, node, outs, skipped=True),
            data_version=dg.DataVersion(version) if version else None,
        )

    return observe
