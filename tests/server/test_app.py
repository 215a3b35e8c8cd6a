"""The application itself: what it lists, its document, its log, and that no secret leaves it."""

from __future__ import annotations

import json
import re

import pytest

import dwlab


def test_the_root_lists_the_endpoints(server):
    index = server.http.get("/").json()
    assert (index["name"], index["version"], index["docs"]) == ("dwlab", dwlab.__version__, "/docs")
    assert {"POST /api/generate", "GET /api/status/{job_id}", "GET /api/health"} <= set(
        index["endpoints"]
    )


def test_health_and_the_list_of_models_name_the_default_model(server):
    health = server.http.get("/api/health").json()
    assert health["status"] == "healthy" and health["model_loaded"] and health["model"] == "shapes"
    assert health["device"] in ("cpu", "cuda", "mps") and health["queue"].keys() == {
        "queued",
        "running",
    }
    models = server.http.get("/api/models").json()["models"]
    shapes = next(model for model in models if model["id"] == "shapes")
    assert shapes["default"] and shapes["loaded"] and shapes["limits"]["side_max"] == 512
    assert [model["id"] for model in models if model["default"]] == ["shapes"]
    assert not any("geometry" in model["id"] for model in models), (
        "those have no weights: their pictures mean nothing"
    )


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/api/jobs", 405)]
)
def test_unknown_paths_and_methods_are_answered_like_all_errors(server, method, path, status):
    answer = server.http.request(method, path)
    assert answer.status_code == status and set(answer.json()) == {"detail", "field"}
    assert status == 404 or "GET" in answer.headers["allow"]


def test_a_secret_in_the_environment_appears_in_no_answer_and_no_file(server, secret):
    server.wait(server.ask()["job_id"])
    texts = [
        server.http.get(path).text
        for path in (
            "/",
            "/api/health",
            "/api/models",
            "/api/jobs?limit=200",
            "/metrics",
            "/openapi.json",
        )
    ]
    files = [path.read_bytes() for path in server.folder.rglob("*") if path.is_file()]
    assert not any(secret in text for text in texts) and not any(
        secret.encode() in data for data in files
    )
    log = (server.results / "api/server.log").read_text()
    assert "POST /api/generate 202" in log and "completed: " in log and "a red circle" not in log


def test_metrics_are_in_prometheus_format(server):
    server.wait(server.ask()["job_id"])
    text = server.http.get("/metrics").text
    for name in (
        "dwlab_http_requests_total",
        "dwlab_http_seconds_bucket",
        "dwlab_queue",
        "dwlab_jobs_total",
    ):
        assert re.search(rf"^{name}\{{.*\}} \d", text, re.MULTILINE), name


def test_print_openapi_prints_the_document_that_is_served(server, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from dwlab.cli.app import app

    monkeypatch.chdir(tmp_path)
    printed = CliRunner().invoke(app, ["serve", "--print-openapi"])
    assert (
        printed.exit_code == 0
        and json.loads(printed.stdout) == server.http.get("/openapi.json").json()
    )
    assert list(tmp_path.iterdir()) == []
