"""No request makes code run, or a file be read that is named like code."""

from __future__ import annotations

import json

import pytest
from own_code import method_file
from served import SMALL

MARK = "ran"


@pytest.fixture
def reference(tmp_path):
    """A method whose file leaves a mark when it runs."""
    text = f"from pathlib import Path\nPath(__file__).with_name({MARK!r}).write_text('')\n"
    return f"{method_file(tmp_path, text)}:interval"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"method": "REFERENCE"}, "method"),
        ({"base": {"prompt": "a", "method": "REFERENCE"}}, "base.method"),
        ({"axes": {"method": [None, "REFERENCE"]}}, "axes.method"),
        ({"axes": {"method.low": [0.5]}}, "axes.method.low"),
        (
            {"base": {"prompt": "a", "method": {"name": "interval", "code": "0" * 64}}},
            "base.method",
        ),
        ({"base": {"prompt": "a", "scheduler": "REFERENCE"}}, "base.scheduler"),
        ({"axes": {"scheduler": ["DDIM", "REFERENCE"]}}, "axes.scheduler[1]"),
        ({"base": {"prompt": "a", "pipeline": "REFERENCE"}}, "base.pipeline"),
        ({"pipeline": "REFERENCE"}, "pipeline"),
        ({"metrics": ["usual", "REFERENCE"]}, "metrics"),
        ({"metrics": [{"REFERENCE": {"label": "x"}}]}, "metrics"),
        ({"metrics": [{"mine": {"code": "0" * 64}}]}, "metrics"),
        ({"metrics": [{"clip_score": {"code": "0" * 64}}]}, "metrics.clip_score.code"),
        ({"metrics": ["metric_of_a_package"]}, "metrics"),
    ],
)
def test_a_sweep_that_names_code_is_refused(server, tmp_path, reference, parts, field):
    named = json.loads(json.dumps(parts).replace("REFERENCE", reference))
    request = {"name": "x", "base": {"prompt": "a", **SMALL}, **named}
    answer = server.http.post("/api/sweeps", json=request)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize("name", ["method", "method.low", "pipeline", "scheduler"])
def test_a_picture_whose_request_names_code_is_refused(server, tmp_path, reference, name):
    answer = server.http.post("/api/generate", json={"prompt": "a", **SMALL, name: reference})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == name
    assert not (tmp_path / MARK).exists()
