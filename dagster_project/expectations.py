"""Great Expectations 1.x as a function: a table and its expectations in, one verdict for each out.

`dagster-ge` pins an older major version. The import takes seconds: `validate` alone imports it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation: `kind` is a class of `great_expectations.expectations`; a blocking one stops what follows."""

    name: str
    description: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Great Expectations found: counts, and a few of the values that broke the expectation."""

    passed: bool
    rows: int
    unexpected: int
    examples: tuple[str, ...]
    observed: str


def validate(
    name: str, frame: pd.DataFrame, expectations: Sequence[Expectation], docs: Path
) -> tuple[list[Verdict], Path]:
    """Verdicts in the order of `expectations`, and the HTML page that shows them, below `docs`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.checkpoint.actions import UpdateDataDocsAction
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.add_data_docs_site(name, _local_site(docs.resolve()))
    suite = context.suites.add(gx.ExpectationSuite(name=name))
    for item in expectations:
        suite.add_expectation(getattr(gxe, item.kind)(**item.arguments, meta={"name": item.name}))
    batch = context.data_sources.add_pandas(name).add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
    update = UpdateDataDocsAction(name="docs", site_names=[name])
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name=name,
            validation_definitions=[definition],
            actions=[update],
            result_format={"result_format": "SUMMARY", "partial_unexpected_count": SHOWN},
        )
    )
    outcome = checkpoint.run(batch_parameters={"dataframe": frame})
    results = next(iter(outcome.run_results.values())).results
    by_name = {_name(result): result for result in results}
    return [_verdict(by_name[item.name], len(frame)) for item in expectations], docs / "index.html"


def _local_site(folder: Path) -> Any:
    return {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }


def _name(result: Any) -> str:
    return str(result.expectation_config.meta["name"])


def _verdict(result: Any, rows: int) -> Verdict:
    found: dict[str, Any] = result.result or {}
    trouble = (result.exception_info or {}).get("exception_message", "") if result.exception_info else ""
    return Verdict(
        passed=bool(result.success),
        rows=rows,
        unexpected=int(found.get("unexpected_count") or 0),
        examples=tuple(str(value) for value in (found.get("partial_unexpected_list") or ())[:SHOWN]),
        observed=str(found.get("observed_value", "") or trouble or ""),
    )
