"""Requests generated from the OpenAPI document: no server error, answers as documented."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import (
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from served import Served

CASES = 2000
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
ORIGINS = [None] * 12 + ["http://localhost:3000", "https://evil.example", "null", "http://["]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_generated_request_makes_the_server_fail(tmp_path):
    with Served(tmp_path, max_steps=2, max_pixels=64 * 64, max_images=2, max_cells=2) as server:
        schema = schemathesis.openapi.from_dict(server.http.get("/openapi.json").json())
        operations = [
            result.ok()
            for result in schema.get_all_operations()
            if "events" not in result.ok().path
        ]
        # half of the routes have no parameters, and so only one case
        cases_per_route = CASES // 5
        requests = 0
        for operation in operations:

            def ask(case, origin):
                nonlocal requests
                requests += 1
                answer = case.call(
                    base_url=server.url, headers={"Origin": origin} if origin else None
                )
                case.validate_response(answer, checks=CHECKS)

            schemathesis_test(operation, cases_per_route)(ask)()
        assert requests >= CASES
        assert server.http.get("/api/health").json()["status"] == "healthy"


def schemathesis_test(operation, examples):
    """A decorator that calls a function with so many cases of an operation."""
    from hypothesis import given
    from hypothesis.strategies import sampled_from

    bounded = settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    return lambda function: bounded(
        given(case=operation.as_strategy(), origin=sampled_from(ORIGINS))(function)
    )
