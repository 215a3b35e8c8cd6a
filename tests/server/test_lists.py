"""Lists are short whatever the jobs in them, only pictures of the results folder are served, and no sweep replaces a person's."""

from __future__ import annotations

import json
import shutil

import pytest
from served import SMALL, Served

import dwlab
from dwlab.errors import InvalidInput
from dwlab.paths import check_any_name, check_name, network_name
from dwlab.server.jobs.job_queue import JobQueue
from dwlab.server.jobs.statements import LISTED_IMAGES
from dwlab.spec.sweep import SweepSpec
from dwlab.store.store import Store

LONG = "a very long prompt " * 1000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("served")) as server:
        yield server


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


def test_a_list_says_of_pictures_what_was_asked_for(jobs):
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


def test_a_job_s_own_page_has_what_its_list_cuts(server):
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


def test_a_job_of_many_pictures_holds_its_prompt_once(server):
    job = server.wait(server.ask("once " * 3000, seed=2**63 - 1, num_images=3)["job_id"])
    with Store(server.results, read=True) as store:
        request = JobQueue(store.file).get(job["job_id"]).request
    assert (
        len(json.dumps(request)) < 16_000
        and len(job["images"]) == job["parameters"]["num_images"] == 3
    )
    seeds = dwlab.Results(server.results).table("api").tail(3)["seed"]
    assert list(seeds) == [2**63 - 1, 0, 1]


# -- pictures ----------------------------------------------------------------------------------


def test_a_link_that_leads_out_of_the_folder_of_pictures_is_not_served(server, tmp_path):
    url = server.wait(server.ask(seed=31)["job_id"])["image_url"]
    path = server.results / url.removeprefix("/")
    outside = tmp_path / path.name
    shutil.move(path, outside)
    assert server.http.get(url).status_code == 404
    path.symlink_to(outside)
    assert server.http.get(url).status_code == 404, "the same bytes, but elsewhere"
    path.unlink()
    within = server.results / "images" / "kept.png"
    shutil.move(outside, within)
    path.symlink_to(within)
    assert server.http.get(url).status_code == 200, "a link to another place among the pictures"
    path.unlink()
    shutil.move(within, path)
    assert server.http.get(url).status_code == 200


def test_a_folder_of_pictures_that_is_a_link_to_elsewhere_is_not_served(server, tmp_path):
    url = server.wait(server.ask(seed=32)["job_id"])["image_url"]
    folder = (server.results / url.removeprefix("/")).parent
    shutil.move(folder, tmp_path / folder.name)
    folder.symlink_to(tmp_path / folder.name)
    assert server.http.get(url).status_code == 404
    folder.unlink()
    shutil.move(tmp_path / folder.name, folder)


def test_a_link_that_goes_round_is_not_served(server):
    url = f"/images/aa/{'a' * 64}.png"
    path = server.results / url.removeprefix("/")
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(path)
    assert server.http.get(url).status_code == 404
    path.unlink()


def test_the_owner_may_keep_all_pictures_on_another_disk(server, tmp_path):
    url = server.wait(server.ask(seed=33)["job_id"])["image_url"]
    images = server.results / "images"
    shutil.move(images, tmp_path / "disk")
    images.symlink_to(tmp_path / "disk")
    assert server.http.get(url).status_code == 200
    images.unlink()
    shutil.move(tmp_path / "disk", images)


# -- names -------------------------------------------------------------------------------------


def post(server, name, seeds, key=None):
    spec = {"name": name, "base": {"prompt": "a red circle", **SMALL}, "axes": {"seed": seeds}}
    headers = {"Idempotency-Key": key} if key else {}
    answer = server.http.post("/api/sweeps", json=spec, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()["job_id"]


@pytest.mark.parametrize("name", ["Mine", "mine", "MINE"])
def test_a_sweep_from_the_network_leaves_a_person_s_experiment_as_it_is(server, name):
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


def test_a_sweep_that_is_posted_again_with_its_key_is_the_same_job(server):
    assert post(server, "again", [1], "key") == post(server, "again", [1], "key")
    server.wait(post(server, "again", [1, 2], "another-key"))
    assert list(dwlab.Results(server.results).table("again@api")["seed"]) == [1, 2], (
        "the network's own may change"
    )


@pytest.mark.parametrize(
    "name", ["api", "explore", "Images", "x@api", "@api", "benchmarks", "a/b", "x@api@api"]
)
def test_a_name_that_is_not_a_person_s_is_refused(server, name, tmp_path):
    answer = server.http.post("/api/sweeps", json={"name": name, "base": {"prompt": "a"}})
    assert answer.status_code == 422 and answer.json()["field"] == "name"
    (tmp_path / "own.yaml").write_text(json.dumps({"name": name, "base": {"prompt": "a"}}), "utf-8")
    with pytest.raises(InvalidInput, match="name"):
        SweepSpec.from_yaml(tmp_path / "own.yaml")
    with pytest.raises(InvalidInput, match="name"):
        SweepSpec("fair", base={"prompt": "a"}).override({"name": name})
    with pytest.raises(InvalidInput, match="name"):
        check_name(name)


def test_the_network_s_names_are_read_like_others():
    assert network_name("Trial") == check_any_name("trial@api") == "trial@api"
    assert len(check_any_name(network_name("x" * 64))) == 68
    for name in ("../x@api", "images@api", "x" * 65 + "@api", "x@api@api", "@api"):
        with pytest.raises(InvalidInput):
            check_any_name(name)
