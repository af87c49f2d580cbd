"""Asset checks: the tables at the pipeline's borders, judged by Great Expectations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.expectations import Expectation, Verdict, validate
from dagster_project.graph import StageNode
from dagster_project.tables import CheckedTable, table_of

DOCS = "work/data_docs"


def build_checks(nodes: Sequence[StageNode], root: Path) -> list[dg.AssetChecksDefinition]:
    """Checks for each stage that leaves a table worth checking."""
    found = ((node, table_of(node.name, root)) for node in nodes)
    return [_checks(dg.AssetKey(node.key), table, root) for node, table in found if table is not None]


def _checks(key: dg.AssetKey, table: CheckedTable, root: Path) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(item.name, asset=key, description=item.description, blocking=item.blocking)
        for item in table.expectations
    ]

    @dg.multi_asset_check(name=f"{table.name}_checks", specs=specs)
    def check() -> Iterator[dg.AssetCheckResult]:
        verdicts, docs = validate(table.name, table.load(), table.expectations, root / DOCS / table.name)
        for item, verdict in zip(table.expectations, verdicts, strict=True):
            yield _result(key, item, verdict, docs)

    return check


def _result(key: dg.AssetKey, item: Expectation, verdict: Verdict, docs: Path) -> dg.AssetCheckResult:
    metadata: dict[str, dg.MetadataValue[Any]] = {
        "rows": dg.MetadataValue.int(verdict.rows),
        "unexpected": dg.MetadataValue.int(verdict.unexpected),
        "data docs": dg.MetadataValue.path(docs),
    }
    if verdict.examples:
        metadata["examples"] = dg.MetadataValue.md("\n".join(f"- `{value}`" for value in verdict.examples))
    if verdict.observed:
        metadata["observed"] = dg.MetadataValue.text(verdict.observed)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=item.name,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if item.blocking else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
