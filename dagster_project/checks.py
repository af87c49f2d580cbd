"""Asset checks: the tables at the pipeline's borders, judged by Great Expectations.

Blocking where a later stage would train on what is wrong, a warning elsewhere: an index or a calibration of low quality
is something to look at, and the stages themselves refuse what is unusable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.curation_tables import curated_table, reconstructed_table
from dagster_project.expectations import Expectation, Verdict, validate
from dagster_project.graph import StageNode
from dagster_project.links import served
from dagster_project.proof_tables import calibration_table, coverage_table, recall_table, regression_table
from dagster_project.split_tables import drift_table, overlaps_table
from dagster_project.tables import CheckedTable, passages_table, questions_table

DOCS = "work/data_docs"


def build_checks(nodes: Sequence[StageNode], root: Path) -> list[dg.AssetChecksDefinition]:
    """Checks for each stage that leaves tables worth checking."""
    return [_checks(dg.AssetKey(node.key), table, root) for node in nodes for table in tables_of(node.name, root)]


def tables_of(stage: str, root: Path) -> tuple[CheckedTable, ...]:
    """What is checked of a stage; () for most."""
    name, _, source = stage.partition("@")
    match name:
        case "clinic":
            return questions_table(root), overlaps_table(root), drift_table(root)
        case "knowledge_base":
            return (passages_table(root, source),)
        case "index":
            return coverage_table(root), recall_table(root)
        case "reconstruct":
            return (reconstructed_table(root),)
        case "curate":
            return (curated_table(root),)
        case "calibrate":
            return (calibration_table(root),)
        case "evaluate":
            return (regression_table(root),)
        case _:
            return ()


def _checks(key: dg.AssetKey, table: CheckedTable, root: Path) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(item.name, asset=key, description=item.description, blocking=item.blocking)
        for item in table.expectations
    ]

    @dg.multi_asset_check(name=f"{table.name}_checks", specs=specs)
    def check() -> Iterator[dg.AssetCheckResult]:
        verdicts, docs = validate(table.name, table.load(), table.expectations, root / DOCS / table.name, key=table.key)
        for item, verdict in zip(table.expectations, verdicts, strict=True):
            yield _result(key, item, verdict, docs)

    return check


def _result(key: dg.AssetKey, item: Expectation, verdict: Verdict, docs: Path) -> dg.AssetCheckResult:
    metadata: dict[str, dg.MetadataValue[Any]] = {
        "rows": dg.MetadataValue.int(verdict.rows),
        "unexpected": dg.MetadataValue.int(verdict.unexpected),
        "data docs": served(docs, Path(docs.parent.name, docs.name)),
    }
    if verdict.failing:
        metadata["failing rows"] = dg.MetadataValue.table(
            [dg.TableRecord({**row, "reason": item.description}) for row in verdict.failing]
        )
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
