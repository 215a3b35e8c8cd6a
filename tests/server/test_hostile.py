"""Small requests that would cause much work get a short answer, and the server keeps working."""

from __future__ import annotations

import pytest
from hostile_requests import requests, send
from served import Served

ALL = list(requests())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("served"), ready=False) as server:
        yield server


@pytest.mark.parametrize("request_", ALL, ids=[request.name for request in ALL])
def test_a_hostile_request_is_refused_with_a_short_answer(server, request_):
    answer = send(server.url, request_)
    if "fair" in request_.name:
        assert answer.status_code == 202, answer.text
    else:
        assert answer.status_code in (413, 422), answer.text
        assert answer.json()["detail"] and len(answer.content) < 4000
        assert len(answer.json()["field"] or "") <= 200


def test_the_server_is_healthy_after_all_hostile_requests(server):
    health = server.http.get("/api/health").json()
    assert health["status"] == "healthy"
    log = server.folder / "stderr"
    assert "Traceback" not in log.read_text() and len(server.job_ids()) == 1
