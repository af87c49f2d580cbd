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
NAMED = 20


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation: `kind` is a class of `great_expectations.expectations`; a blocking one stops what follows."""

    name: str
    description: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    blocking: bool = True
    shown: tuple[str, ...] = ()  # columns that tell a person why a row failed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Great Expectations found: counts, and a few of the values that broke the expectation."""

    passed: bool
    rows: int
    unexpected: int
    examples: tuple[str, ...]
    observed: str
    failing: tuple[Mapping[str, str], ...] = ()  # the first rows that broke it: id, value, and the columns to show


def validate(
    name: str, frame: pd.DataFrame, expectations: Sequence[Expectation], docs: Path, *, key: str = ""
) -> tuple[list[Verdict], Path]:
    """Verdicts in the order of `expectations`, and the HTML page that shows them, below `docs`.

    `key` is the column that identifies a row; without it failing rows are not named.
    """
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
            result_format=_result_format(key if key in frame.columns else ""),
        )
    )
    outcome = checkpoint.run(batch_parameters={"dataframe": frame})
    results = next(iter(outcome.run_results.values())).results
    by_name = {_name(result): result for result in results}
    return [_verdict(by_name[item.name], item, frame, key) for item in expectations], docs / "index.html"


def _result_format(key: str) -> dict[str, Any]:
    if not key:
        return {"result_format": "SUMMARY", "partial_unexpected_count": SHOWN}
    return {
        "result_format": "COMPLETE",
        "partial_unexpected_count": SHOWN,
        "unexpected_index_column_names": [key],
        "exclude_unexpected_values": False,
    }


def _local_site(folder: Path) -> Any:
    return {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }


def _name(result: Any) -> str:
    return str(result.expectation_config.meta["name"])


def _verdict(result: Any, item: Expectation, frame: pd.DataFrame, key: str) -> Verdict:
    found: dict[str, Any] = result.result or {}
    trouble = (result.exception_info or {}).get("exception_message", "") if result.exception_info else ""
    return Verdict(
        passed=bool(result.success),
        rows=len(frame),
        unexpected=int(found.get("unexpected_count") or 0),
        examples=tuple(str(value) for value in (found.get("partial_unexpected_list") or ())[:SHOWN]),
        observed=str(found.get("observed_value", "") or trouble or ""),
        failing=tuple(_rows(found.get("unexpected_index_list") or (), item, frame, key)),
    )


def _rows(places: Sequence[Mapping[str, Any]], item: Expectation, frame: pd.DataFrame, key: str) -> Any:
    """The first failing rows, by their id."""
    columns = [name for name in item.shown if name in frame.columns]
    value = str(item.arguments.get("column", ""))
    for place in places[:NAMED]:
        row = frame[frame[key] == place[key]].iloc[0]
        yield {"id": str(place[key]), value: str(place.get(value, "")), **{name: str(row[name]) for name in columns}}
