"""Requests for sweeps, to a real `dwlab serve` on loopback."""

from __future__ import annotations

import pytest
from served import SMALL

import dwlab


def test_the_seeds_of_a_sweep_may_be_text_and_are_answered_as_text(server):
    big = 2**53 + 1
    axes = {"seed": {"range": [str(big), str(big + 4), 2]}, "colour": ["red"]}
    spec = {
        "name": "seeds",
        "base": {"prompt": "a {colour} star", **SMALL},
        "axes": axes,
        "skip": [{"seed": str(big)}],
    }
    done = server.wait(server.http.post("/api/sweeps", json=spec).json()["job_id"])
    assert done["status"] == "completed", done
    assert done["parameters"]["axes"]["seed"] == {"range": [str(big), str(big + 4), "2"]}
    assert done["parameters"]["skip"] == [{"seed": str(big)}]
    assert list(dwlab.Results(server.results).table("seeds@api")["seed"]) == [big + 2]


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"axes": {"steps": [1, 2, -3]}}, "axes.steps[2]"),
        ({"axes": {"seed": {"range": [0, 1e308]}}}, "axes.seed.range"),
        ({"base": {"prompt": "a", "width": 65}}, "base.width"),
        ({"skip": [{"steps": {"over": 2}}]}, "skip[0].steps"),
        ({"base": {"prompt": "a", "call": {"eta": 7}}}, "base.call.eta"),
        ({"sampler_name": "Euler"}, "sampler_name"),
        ({"base": {"prompt": "a", "model": "/etc"}}, "base.model"),
        ({"axes": {"model": ["shapes", "/etc"]}}, "axes.model[1]"),
    ],
)
def test_an_error_in_a_sweep_names_the_path_of_the_value(server, parts, field):
    answer = server.http.post("/api/sweeps", json={"name": "x", "base": {"prompt": "a"}, **parts})
    assert answer.status_code == 422 and answer.json()["field"] == field, answer.text


SWEEP = """
name: from-the-api
base: {prompt: "a {colour} circle", steps: 1, width: 64, height: 64}
axes: {colour: [red, blue], seed: {range: [0, 2]}}
"""


def test_a_sweep_can_be_posted_as_yaml_or_json(server):
    taken = server.http.post(
        "/api/sweeps", content=SWEEP, headers={"Content-Type": "application/yaml"}
    )
    assert taken.status_code == 202, taken.text
    done = server.wait(taken.json()["job_id"])
    assert done["status"] == "completed" and done["kind"] == "sweep", done
    assert (
        done["counts"] == {"total": 4, "reused": 0, "made": 4, "failed": 0, "nan": 0}
        and len(done["images"]) == 4
    )
    assert done["experiment"] == "from-the-api@api" and done["parameters"]["name"] == "from-the-api"
    assert (server.results / "from-the-api@api/report.html").is_file()
    kinds = [event for _, event, _ in server.events(done["job_id"])]
    assert kinds == ["plan"] + ["done"] * 4 + ["end"]
    spec = {
        "name": "again",
        "base": {"prompt": "a red circle \U0001f600", **SMALL},
        "axes": {"seed": [1, 2, 3]},
    }
    again = server.wait(server.http.post("/api/sweeps", json=spec).json()["job_id"])
    assert again["counts"]["total"] == 3 and again["parameters"]["name"] == "again"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("- 1", "a map"),
        ("name: [", "a closed list"),
        ("name: x\nbase: !!python/object/apply:os.system [ls]", "no tags"),
        ("name: ../x\nbase: {prompt: a}", "name"),
        ("name: api\nbase: {prompt: a}", "name"),
        ("name: x\nmodel: /etc\nbase: {prompt: a}", "/etc"),
        ("name: x\nbase: {prompt: a}\naxes: {seed: {range: [0, 1000000000]}}", "axes.seed.range"),
        (
            "name: x\nbase: {prompt: a}\naxes: {seed: {range: [0, 1001]}}",
            "axes.seed is '1,001 values'",
        ),
        ('name: x\nbase: {prompt: a}\nmetrics: ["\\ud800"]', "lone surrogates"),
        ("name: x\nbase: {prompt: a, steps: 1000}", "steps"),
        ("base: {prompt: a}", "name"),
        ("a: &a [x,x,x]\nb: [*a,*a]", "aliases"),
    ],
)
def test_a_sweep_that_is_not_allowed_is_refused(server, body, words):
    answer = server.http.post("/api/sweeps", content=body, headers={"Content-Type": "text/yaml"})
    assert answer.status_code == 422 and words in answer.json()["detail"], answer.text


def test_a_sweep_with_a_budget_answers_with_what_its_search_found(server):
    spec = {
        "name": "searched",
        "base": {"prompt": "a red star", **SMALL},
        "axes": {"seed": [0, 1], "guidance": [1, 2, 3, 4]},
        "budget": "6 pictures",
        "search": {"method": "random", "margin": 0.5},
    }
    done = server.wait(server.http.post("/api/sweeps", json=spec).json()["job_id"])
    assert done["status"] == "completed", done
    assert done["counts"]["made"] == done["counts"]["total"] <= 6
    assert "budget was 6 pictures" in done["found"][-1]
