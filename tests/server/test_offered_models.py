"""A server uses the models on its machine; no request makes it download one."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from lookalike_hub import COMMIT, Hub, environment
from served import SMALL, Served, wait_for

from dwlab.spec.catalog import SHAPES_FOLDER

FETCHED, LISTED, STRANGE = "owner/fetched", "owner/listed", "owner/strange"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("offers")


@pytest.fixture(scope="module")
def hub():
    with Hub() as hub:
        for repository in (FETCHED, LISTED, STRANGE, "stable-diffusion-v1-5/stable-diffusion-v1-5"):
            hub.add(repository, SHAPES_FOLDER)
        yield hub


@pytest.fixture(scope="module")
def server(folder, hub):
    """A server next to a hub that has every model; one of its two listed models is downloaded."""
    variables = environment(hub.url, folder / "home")
    cached = folder / "home" / "hub" / f"models--{FETCHED.replace('/', '--')}"
    shutil.copytree(SHAPES_FOLDER, cached / "snapshots" / COMMIT)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(COMMIT)
    before = {name: os.environ.get(name) for name in variables}
    os.environ |= variables
    try:
        served = Served(folder, models=f"{FETCHED},{LISTED}")
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    with served:
        yield served


def refused(answer, status, *words, field="model"):
    assert answer.status_code == status, answer.text
    assert answer.json()["field"] == field
    assert all(word in answer.json()["detail"] for word in words), answer.text


def sweep(**parts):
    return {"name": "trial", "base": {"prompt": "a", **SMALL}, **parts}


ELSEWHERE = ["sd15", "sdxl", STRANGE, "stable-diffusion-v1-5/stable-diffusion-v1-5", "sd15-geometry", "/etc", "../shapes",
             str(SHAPES_FOLDER), "~", "no/such", "shapes ", "", "http://127.0.0.1/x", "owner/listed/../strange"]  # fmt: skip


@pytest.mark.parametrize("model", ELSEWHERE)
def test_a_model_that_is_not_offered_is_refused_at_every_route_and_nothing_is_downloaded(
    server, hub, model
):
    post = server.http.post
    offered = f"one of shapes, {FETCHED}, {LISTED}"
    refused(post("/api/generate", json={"prompt": "a", **SMALL, "model": model}), 422, offered)
    refused(post("/api/sweeps", json=sweep(model=model)), 422, offered)
    refused(
        post("/api/sweeps", json=sweep(axes={"model": ["shapes", model]})),
        422,
        offered,
        field="axes.model[1]",
    )
    base = {"prompt": "a", "model": model}
    refused(
        post("/api/sweeps", json={"name": "trial", "base": base}), 422, offered, field="base.model"
    )
    assert hub.requests == []


def test_a_listed_model_that_is_missing_is_answered_with_the_command_that_downloads_it(server, hub):
    words = (f"`dwlab pull {LISTED}`", f"available: shapes, {FETCHED}")
    refused(
        server.http.post("/api/generate", json={"prompt": "a", **SMALL, "model": LISTED}),
        409,
        *words,
    )
    refused(
        server.http.post("/api/sweeps", json=sweep(axes={"model": ["shapes", LISTED]})), 409, *words
    )
    assert hub.requests == [] and server.http.get("/api/jobs").json()["jobs"] == []


def test_the_list_of_models_says_which_are_on_this_machine(server, hub):
    models = {
        model["id"]: model["here"] for model in server.http.get("/api/models").json()["models"]
    }
    assert models == {"shapes": True, FETCHED: True, LISTED: False}
    assert hub.requests == []


def test_a_listed_model_on_this_machine_is_used_without_asking_the_hub(server, hub):
    job = server.ask(model=FETCHED)["job_id"]
    assert wait_for(lambda: (answer := server.status(job))["status"] == "completed" and answer)
    assert hub.requests == []


def test_an_old_job_whose_model_is_gone_fails_and_downloads_nothing(server, hub):
    from dwlab.server.jobs.job_queue import JobQueue
    from dwlab.store.store import Store

    recipe = {"prompt": "a", **SMALL, "model": STRANGE, "seed": 1}
    with Store(server.results) as store:
        first = JobQueue(store.file).submit({"params": [recipe]}, alike="x").job.id
        second = (
            JobQueue(store.file)
            .submit({"sweep": sweep(name="earlier", model=STRANGE)}, alike=None)
            .job.id
        )
    for job in (first, second):
        ended = wait_for(
            lambda job=job: (answer := server.status(job))["status"] == "failed" and answer
        )
        assert "not downloaded yet" in ended["error"], json.dumps(ended)
    assert hub.requests == []


def test_a_listed_model_can_be_used_once_its_owner_has_downloaded_it(server, folder):
    cached = folder / "home" / "hub"
    shutil.copytree(cached / "models--owner--fetched", cached / "models--owner--listed")
    job = server.ask(model=LISTED)["job_id"]
    assert wait_for(lambda: (answer := server.status(job))["status"] == "completed" and answer)
