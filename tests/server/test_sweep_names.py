"""A sweep from the network never replaces a local experiment."""

from __future__ import annotations

import json

import pytest
from served import SMALL

import dwlab
from dwlab.errors import InvalidInput
from dwlab.paths import check_any_name, check_name, network_name
from dwlab.spec.sweep import SweepSpec


def post(server, name, seeds, key=None):
    spec = {"name": name, "base": {"prompt": "a red circle", **SMALL}, "axes": {"seed": seeds}}
    headers = {"Idempotency-Key": key} if key else {}
    answer = server.http.post("/api/sweeps", json=spec, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()["job_id"]


@pytest.mark.parametrize("name", ["Mine", "mine", "MINE"])
def test_a_sweep_from_the_network_leaves_a_local_experiment_of_the_same_name_alone(server, name):
    own = dwlab.Sweep("Mine", base={"prompt": "a red circle", **SMALL}, axes={"seed": [1, 2, 3]})
    own.run(server.results)
    dwlab.Results(server.results).table("Mine").to_csv(server.results / "Mine" / "table.csv")
    before = {
        path: path.read_bytes() for path in (server.results / "Mine").iterdir() if path.is_file()
    }
    done = server.wait(post(server, name, [1]))
    assert done["status"] == "completed" and done["experiment"] == "mine@api", done
    assert done["counts"] == {"total": 1, "reused": 1, "made": 0, "failed": 0, "nan": 0}
    results = dwlab.Results(server.results)
    assert list(results.table("Mine")["seed"]) == [1, 2, 3] and list(
        results.table("mine@api")["seed"]
    ) == [1]
    assert {path: path.read_bytes() for path in before} == before
    assert (server.results / "mine@api" / "table.csv").is_file()


def test_a_sweep_posted_again_with_its_idempotency_key_is_the_same_job(server):
    assert post(server, "again", [1], "key") == post(server, "again", [1], "key")
    server.wait(post(server, "again", [1, 2], "another-key"))
    assert list(dwlab.Results(server.results).table("again@api")["seed"]) == [1, 2], (
        "the network's own may change"
    )


@pytest.mark.parametrize(
    "name", ["api", "explore", "Images", "x@api", "@api", "benchmarks", "a/b", "x@api@api"]
)
def test_a_reserved_name_is_refused_everywhere(server, name, tmp_path):
    answer = server.http.post("/api/sweeps", json={"name": name, "base": {"prompt": "a"}})
    assert answer.status_code == 422 and answer.json()["field"] == "name"
    (tmp_path / "own.yaml").write_text(json.dumps({"name": name, "base": {"prompt": "a"}}), "utf-8")
    with pytest.raises(InvalidInput, match="name"):
        SweepSpec.from_yaml(tmp_path / "own.yaml")
    with pytest.raises(InvalidInput, match="name"):
        SweepSpec("fair", base={"prompt": "a"}).override({"name": name})
    with pytest.raises(InvalidInput, match="name"):
        check_name(name)


def test_names_of_sweeps_from_the_network_are_valid_experiment_names():
    assert network_name("Trial") == check_any_name("trial@api") == "trial@api"
    assert len(check_any_name(network_name("x" * 64))) == 68
    for name in ("../x@api", "images@api", "x" * 65 + "@api", "x@api@api", "@api"):
        with pytest.raises(InvalidInput):
            check_any_name(name)
