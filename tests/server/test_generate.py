"""Requests for pictures, to a real `dwlab serve` on loopback."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from served import SMALL, wait_for

import dwlab
from dwlab.server.requests.generate_request import EXAMPLE


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_documented_example_is_generated(server):
    taken = server.http.post("/api/generate", json=EXAMPLE)
    assert taken.status_code == 202 and taken.json()["status"] == "queued"
    done = wait_for(
        lambda: (
            (now := server.http.get(taken.json()["status_url"]).json())["status"]
            not in ("queued", "running")
            and now
        )
    )
    assert done["status"] == "completed" and done["error"] is None, done
    assert (
        done["progress"] == {"step": 25, "steps": 25, "seconds_left": None} and done["seconds"] > 0
    )
    assert done["parameters"]["guidance"] == 7.5 and done["parameters"]["seed"] == "42"
    assert re.fullmatch(r"/images/[0-9a-f]{2}/[0-9a-f]{64}\.png", done["image_url"])
    answer = server.http.get(done["image_url"])
    assert answer.headers["content-type"] == "image/png" and Image.open(
        io.BytesIO(answer.content)
    ).size == (512, 512)


def test_both_spellings_of_steps_make_the_same_picture_which_is_made_once(server):
    first = server.wait(server.ask(seed=5, guidance=2)["job_id"])
    body = {
        "prompt": "a red circle",
        "width": 64,
        "height": 64,
        "num_inference_steps": 2,
        "guidance_scale": 2,
        "seed": 5,
    }
    second = server.http.post("/api/generate", json=body).json()
    assert second["status"] == "completed", "answered before any worker saw it"
    assert server.status(second["job_id"])["images"] == first["images"]
    assert 'dwlab_pictures_total{how="reused"}' in server.http.get("/metrics").text


def test_a_picture_that_is_requested_again_becomes_the_latest_of_the_table(server):
    for seed in (51, 52):
        server.wait(server.ask(seed=seed)["job_id"])
    assert server.ask(seed=51)["status"] == "completed"
    assert list(dwlab.Results(server.results).table("api")["seed"])[-2:] == [52, 51]


def test_the_server_makes_the_same_picture_as_generate(server, tmp_path):
    done = server.wait(server.ask("a blue star", seed=11)["job_id"])
    (tmp_path / "one.png").write_bytes(server.http.get(done["image_url"]).content)
    own = dwlab.generate("a blue star", seed=11, **SMALL).image
    with Image.open(tmp_path / "one.png") as made:
        difference = max(abs(a - b) for a, b in zip(made.tobytes(), own.tobytes(), strict=True))
    assert difference <= 1
    table = dwlab.Results(server.results).table("api")
    assert "a blue star" in set(table["prompt"])


def test_several_images_have_consecutive_seeds(server):
    done = server.wait(server.ask(seed=20, num_images=3)["job_id"])
    assert len(set(done["images"])) == 3 and done["parameters"]["num_images"] == 3
    assert server.wait(server.ask(seed=22)["job_id"])["images"] == done["images"][2:]


def test_a_request_without_a_seed_gets_a_random_one(server):
    seeds = {server.ask()["seed"] for _ in range(3)}
    assert len(seeds) == 3


@pytest.mark.parametrize("seed", [0, 2**53 + 1, 2**63 - 1])
def test_a_seed_may_be_a_number_or_text_and_is_answered_as_text(server, seed):
    by_number, by_text = server.ask(seed=seed), server.ask(seed=str(seed))
    assert by_number["seed"] == by_text["seed"] == str(seed)
    first, second = (server.wait(taken["job_id"]) for taken in (by_number, by_text))
    assert first["parameters"]["seed"] == second["parameters"]["seed"] == str(seed)
    assert first["images"] == second["images"]
    *_, (_, kind, end) = server.events(by_text["job_id"])
    assert kind == "end" and end["parameters"]["seed"] == str(seed)
    listed = {job["job_id"]: job for job in server.http.get("/api/jobs?limit=200").json()["jobs"]}
    assert listed[by_number["job_id"]]["parameters"]["seed"] == str(seed)
    table = dwlab.Results(server.results).table("api")
    assert list(table[table["image"] == first["image_url"].removeprefix("/")]["seed"]) == [seed]


def test_the_parameters_of_a_status_can_be_posted_again(server):
    first = server.wait(
        server.ask("a blue ring", seed=2**63 - 1, num_images=2, scheduler="DPM++ 2M Karras")[
            "job_id"
        ]
    )
    assert first["parameters"]["scheduler"] == "DPM++ 2M Karras"
    again = server.http.post("/api/generate", json=first["parameters"]).json()
    assert (
        again["status"] == "completed"
        and server.status(again["job_id"])["images"] == first["images"]
    )


def test_requests_with_the_same_idempotency_key_make_one_job(server):
    headers = {"Idempotency-Key": "once"}
    body = {"prompt": "a heart", **SMALL}
    first, second = (
        server.http.post("/api/generate", json=body, headers=headers).json() for _ in range(2)
    )
    assert first["job_id"] == second["job_id"] and first["seed"] == second["seed"]
    other = server.http.post("/api/generate", json=body | {"prompt": "two hearts"}, headers=headers)
    assert other.status_code == 422 and other.json()["field"] == "Idempotency-Key"


def test_a_status_says_what_the_request_left_to_the_model_and_to_chance(server):
    body = {"prompt": "a red star", "num_inference_steps": 2, "width": 64, "height": 64}
    status = server.status(server.http.post("/api/generate", json=body).json()["job_id"])
    assert status["automatic"] == ["model", "scheduler", "guidance", "seed"]
    assert {"steps", "guidance", "scheduler", "seed"} <= status["parameters"].keys()
