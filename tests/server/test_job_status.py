"""Lists of jobs are short, whatever their requests and results."""

from __future__ import annotations

import json

import pytest

import dwlab
from dwlab.server.jobs.job_queue import JobQueue
from dwlab.server.jobs.statements import LISTED_IMAGES
from dwlab.store.store import Store

LONG = "a very long prompt " * 1000


@pytest.fixture
def jobs(tmp_path):
    with Store(tmp_path) as store:
        yield JobQueue(store.file, queue_limit=1000)


def test_a_list_of_large_sweeps_is_short(jobs):
    sweep = {
        "name": "large",
        "model": "shapes",
        "base": {"prompt": LONG},
        "axes": {"seed": list(range(1000))},
    }
    images = [f"/images/{k:02}/{k:064}.png" for k in range(1000)]
    for _ in range(60):
        jobs.submit({"sweep": sweep}, result={"images": images, "counts": {"total": 1000}})
    listed = jobs.newest(200)
    assert len(listed) == 60 and len(repr(listed)) < 60 * 3000
    assert (
        listed[0].sweep_name == "large"
        and listed[0].sweep_model == "shapes"
        and listed[0].counts == {"total": 1000}
    )
    assert listed[0].images == images[:LISTED_IMAGES] and listed[0].image_count == 1000


def test_a_list_shows_the_recipe_of_each_job(jobs):
    jobs.submit({"params": [{"prompt": "x", "seed": 2**53 + 1, "steps": 2}] * 3})
    (job,) = jobs.newest(5)
    assert (job.recipe, job.num_images, job.images, job.image_count) == (
        {"prompt": "x", "seed": 2**53 + 1, "steps": 2},
        3,
        [],
        0,
    )
    assert (
        job.sweep_name is job.counts is job.seconds is None
        and jobs.newest(5, status="failed") == []
    )
    assert jobs.status(job.id) == "queued" and jobs.status("none") is None


def test_a_job_s_status_has_the_texts_that_the_list_cuts(server):
    job = server.wait(server.ask(LONG, seed=9007199254740993, num_images=2)["job_id"])
    listed = server.http.get("/api/jobs?limit=1").json()["jobs"][0]
    assert (
        listed["job_id"] == job["job_id"]
        and listed["images"] == job["images"]
        and listed["image_count"] == 2
    )
    assert listed["parameters"] == job["parameters"] | {"prompt": LONG[:197] + "..."}
    assert listed["experiment"] == job["experiment"] == "api"
    assert job["parameters"]["prompt"] == LONG.strip() and job["progress"] == listed["progress"]


def test_a_list_of_200_jobs_with_the_longest_prompts_is_short(server, tmp_path):
    with Store(server.results) as store:
        jobs = JobQueue(store.file)
        for _ in range(200):
            recipe = {
                "prompt": "\u00e9" * 20_000,
                "negative_prompt": "\u00e9" * 20_000,
                "seed": 1,
                "steps": 2,
            }
            images = [f"/images/{k:02}/{k:064}.png" for k in range(64)]
            jobs.submit(
                {"params": [recipe], "num_images": 64}, result={"keys": [], "images": images}
            )
    answer = server.http.get("/api/jobs?limit=200")
    assert len(answer.json()["jobs"]) == 200 and len(answer.content) < 1_000_000


def test_a_job_of_many_pictures_stores_its_prompt_once(server):
    job = server.wait(server.ask("once " * 3000, seed=2**63 - 1, num_images=3)["job_id"])
    with Store(server.results, read=True) as store:
        request = JobQueue(store.file).get(job["job_id"]).request
    assert (
        len(json.dumps(request)) < 16_000
        and len(job["images"]) == job["parameters"]["num_images"] == 3
    )
    seeds = dwlab.Results(server.results).table("api").tail(3)["seed"]
    assert list(seeds) == [2**63 - 1, 0, 1]
