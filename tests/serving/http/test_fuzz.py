"""Whatever is sent, the answer is no fault of the server; `tests.benchmarks.serving` sends ten thousand."""

from __future__ import annotations

from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.benchmarks.serving_parts.damaged import image_files, requests_of
from tests.serving.http.world import OPTIONS, QUESTION, Running

COUNT, EXAMPLES = 300, 25
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_the_server_keeps_to_its_description(server: Running) -> None:
    schema = schemathesis.openapi.from_url(f"{server.address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 9
    for operation in operations:
        sent_through(operation)


def sent_through(operation: schemathesis.APIOperation) -> None:
    """Requests of one end point, as its description allows them."""

    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def send(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    send()


def test_damaged_requests_are_refused_or_answered(server: Running, images: Path, medical_data: Path) -> None:
    files = image_files(medical_data, sorted(images.glob("*.png")))
    statuses = [
        server.post(path, data=body, headers={"Content-Type": "application/json"}).status_code
        for path, body in requests_of(COUNT, files, seed=1)
    ]
    assert [status for status in statuses if status >= 500] == []
    assert {200, 422} <= set(statuses)
    assert server.client.answer(QUESTION, OPTIONS).answer in OPTIONS
