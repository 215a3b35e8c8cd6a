"""`dwlab serve`, a real process on loopback: the original's routes, and what was added to them."""

from __future__ import annotations

import io
import json
import re
import signal
import sqlite3
from contextlib import closing

import httpx
import pytest
from PIL import Image
from served import SMALL, Served, wait_for

import dwlab
from dwlab.server.requests.generate_request import EXAMPLE

CANARY = "hf_" + "CanaryCanaryCanaryCanary1234567890"
LONG = {"steps": 150, "width": 128, "height": 128}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_TOKEN", CANARY)
        with Served(folder, max_images=4) as server:
            yield server


def test_the_root_names_every_route(server):
    said = server.http.get("/").json()
    assert (said["name"], said["version"], said["docs"]) == ("dwlab", dwlab.__version__, "/docs")
    assert {"POST /api/generate", "GET /api/status/{job_id}", "GET /api/health"} <= set(
        said["endpoints"]
    )


def test_health_and_models(server):
    health = server.http.get("/api/health").json()
    assert health["status"] == "healthy" and health["model_loaded"] and health["model"] == "shapes"
    assert health["device"] in ("cpu", "cuda", "mps") and health["queue"].keys() == {
        "queued",
        "running",
    }
    models = server.http.get("/api/models").json()["models"]
    shapes = next(one for one in models if one["id"] == "shapes")
    assert shapes["default"] and shapes["loaded"] and shapes["limits"]["side_max"] == 512
    assert [one["id"] for one in models if one["default"]] == ["shapes"]
    assert not any("geometry" in one["id"] for one in models), (
        "those have no weights: their pictures mean nothing"
    )


@pytest.mark.timeout(600)
def test_the_original_s_first_request_works_as_it_is(server):
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


def test_both_spellings_make_one_recipe_and_the_second_comes_from_the_store(server):
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


def test_what_the_store_answers_is_the_latest_asked_for(server):
    for seed in (51, 52):
        server.wait(server.ask(seed=seed)["job_id"])
    assert server.ask(seed=51)["status"] == "completed"
    assert list(dwlab.Results(server.results).table("api")["seed"])[-2:] == [52, 51]


def test_the_picture_is_the_one_that_every_door_makes(server, tmp_path):
    done = server.wait(server.ask("a blue star", seed=11)["job_id"])
    (tmp_path / "one.png").write_bytes(server.http.get(done["image_url"]).content)
    own = dwlab.generate("a blue star", seed=11, **SMALL).image
    with Image.open(tmp_path / "one.png") as made:
        difference = max(abs(a - b) for a, b in zip(made.tobytes(), own.tobytes(), strict=True))
    assert difference <= 1
    table = dwlab.Results(server.results).table("api")
    assert "a blue star" in set(table["prompt"])


def test_a_picture_that_was_damaged_on_disk_is_not_served_and_a_request_makes_it_again(server):
    done = server.wait(server.ask(seed=61)["job_id"])
    path = server.results / done["image_url"].removeprefix("/")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert server.http.get(done["image_url"]).status_code == 404
    again = server.ask(seed=61)
    assert again["status"] == "queued", "what is damaged is not there"
    picture = server.http.get(server.wait(again["job_id"])["image_url"])
    assert picture.status_code == 200 and Image.open(io.BytesIO(picture.content)).size == (64, 64)


def test_several_images_have_seeds_in_a_row(server):
    done = server.wait(server.ask(seed=20, num_images=3)["job_id"])
    assert len(set(done["images"])) == 3 and done["parameters"]["num_images"] == 3
    assert server.wait(server.ask(seed=22)["job_id"])["images"] == done["images"][2:]


def test_without_a_seed_one_is_drawn_and_said(server):
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


def test_what_was_asked_for_can_be_asked_for_again_as_it_is_answered(server):
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
    ("body", "status", "field"),
    [
        ({}, 422, "prompt"),
        ({"prompt": 7}, 422, "prompt"),
        ({"prompt": "a", "width": 4096, "height": 4096, "steps": 1000}, 422, "width"),
        ({"prompt": "a", "width": 65}, 422, "width"),
        ({"prompt": "a", "steps": 1000}, 422, "steps"),
        ({"prompt": "a", "steps": 3, "num_inference_steps": 3}, 422, "steps"),
        ({"prompt": "a", "num_images": 5}, 422, "num_images"),
        ({"prompt": "a", "model": "/etc"}, 422, "model"),
        ({"prompt": "a", "model": "someone/something"}, 422, "model"),
        ({"prompt": "a", "model": "sd15-geometry"}, 422, "model"),
        ({"prompt": "a", "scheduler": "os.system"}, 422, "scheduler"),
        ({"prompt": "a", "guidance": -1}, 422, "guidance"),
        ({"prompt": "a", "seed": 2**63}, 422, "seed"),
        ({"prompt": "a", "seed": str(2**63)}, 422, "seed"),
        ({"prompt": "a", "seed": "9" * 5000}, 422, "seed"),
        ({"prompt": "a", "seed": "-1"}, 422, "seed"),
        ({"prompt": "a", "seed": " 7"}, 422, "seed"),
        ({"prompt": "a", "seed": "1_000"}, 422, "seed"),
        ({"prompt": "a", "seed": "7.0"}, 422, "seed"),
        ({"prompt": "a", "seed": ""}, 422, "seed"),
        ({"prompt": "a\0b"}, 422, "prompt"),
        ({"prompt": "a", "colour": "red"}, 422, "colour"),
        ({"prompt": "a", "width": "512"}, 422, "width"),
        ({"prompt": "a", "steps": True}, 422, "steps"),
        ({"prompt": "a", "steps": 1e308}, 422, "steps"),
        ({"prompt": "a", "guidance": 10**4000}, 422, "guidance"),
        ({"prompt": "a", "56": 1}, 422, None),
        ({"prompt": "x" * 30_000}, 422, "prompt"),
        ({"prompt": "x" * 1_000_000}, 413, None),
    ],
)
def test_what_is_not_allowed_is_named_and_makes_no_job(server, body, status, field):
    before = server.job_ids()
    answer = server.http.post("/api/generate", json=body)
    assert answer.status_code == status and answer.json()["field"] == field, answer.text
    assert len(answer.content) < 2000
    assert server.job_ids() == before


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"prompt": "a",\n "steps": 4,}', "line 2 column "),
        (b"", "line 1 column 1"),
        (b'{"prompt": "a", "seed": NaN}', "finite numbers"),
        (b'{"prompt": "a", "seed": ' + b"9" * 5000 + b"}", "4,300 digits"),
        (b'{"prompt": "a", "prompt": "b"}', "each key once"),
        (b"[" * 100_000, "deeply nested"),
        (b"[1]", "a map, like"),
        (b'"x"', "a map, like"),
        (b'{"prompt": "\xff"}', "at byte 13"),
    ],
)
@pytest.mark.parametrize("path", ["/api/generate", "/api/sweeps"])
def test_a_body_that_is_not_right_is_told_where(server, path, body, words):
    answer = server.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["detail"] or (path == "/api/sweeps" and words == "a map, like"), (
        answer.text
    )
    assert answer.json()["field"] in (None, "prompt")


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("cfg_scale", "guidance"), ("cfg", "guidance"), ("sampler_name", "scheduler"), ("sampler", "scheduler"),
        ("batch_size", "num_images"), ("n_iter", "num_images"), ("n", "num_images"), ("size", "width and height"),
        ("denoising_strength", "from text only"), ("hr_scale", "nothing is upscaled"), ("restore_faces", "nothing like it"),
    ],
)  # fmt: skip
def test_another_tool_s_name_is_answered_with_ours(server, name, ours):
    answer = server.http.post("/api/generate", json={"prompt": "a", name: 7})
    assert answer.status_code == 422 and answer.json()["field"] == name
    assert ours in answer.json()["detail"]


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
def test_an_error_of_a_sweep_names_the_place_of_the_value(server, parts, field):
    answer = server.http.post("/api/sweeps", json={"name": "x", "base": {"prompt": "a"}, **parts})
    assert answer.status_code == 422 and answer.json()["field"] == field, answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/api/jobs", 405)]
)
def test_paths_and_methods_that_there_are_not_are_answered_like_all_errors(
    server, method, path, status
):
    answer = server.http.request(method, path)
    assert answer.status_code == status and set(answer.json()) == {"detail", "field"}
    assert status == 404 or "GET" in answer.headers["allow"]


def test_a_lone_surrogate_is_named_as_what_is_wrong(server):
    answer = server.http.post(
        "/api/generate",
        content=b'{"prompt": "\\ud800"}',
        headers={"Content-Type": "application/json"},
    )
    assert (
        answer.status_code == 422
        and answer.json()["field"] == "prompt"
        and "surrogates" in answer.json()["detail"]
    )


def test_a_body_of_unknown_length_is_bounded_too(server):
    answer = server.http.post(
        "/api/generate",
        content=(b"x" * 65_536 for _ in range(32)),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413


def test_a_running_job_is_cancelled_within_a_step(server):
    job = server.ask("a green ring", seed=1, **LONG)["job_id"]
    wait_for(lambda: server.status(job)["progress"]["step"])
    cancelled = server.http.delete(f"/api/jobs/{job}").json()
    assert cancelled["status"] == "cancelled" and cancelled["progress"]["step"] < 150
    next_one = server.wait(server.ask("a green ring", seed=2)["job_id"])
    assert next_one["status"] == "completed"
    *steps, end = server.events(job)
    assert end[2]["status"] == server.status(job)["status"] == "cancelled"
    assert steps[-1][2]["step"] <= cancelled["progress"]["step"] + 5, (
        "what was computed by then, but not told"
    )
    assert server.http.delete(f"/api/jobs/{next_one['job_id']}").json()["status"] == "completed", (
        "what is over stays"
    )
    assert server.http.delete("/api/jobs/none").status_code == 404


def together(server):
    """How many batches of jobs were begun, and how many jobs were in them."""
    text = server.http.get("/metrics").text
    return [
        float(re.search(rf"dwlab_jobs_together_{kind} (\S+)", text)[1]) for kind in ("count", "sum")
    ]


def test_jobs_of_any_settings_share_forwards_and_one_that_is_cancelled_leaves_alone(server):
    blocker = server.ask("a green ring", seed=3, **LONG)["job_id"]
    wait_for(lambda: server.status(blocker)["progress"]["step"])
    batches, jobs = together(server)
    red = server.ask("a red ring", seed=3, **LONG)["job_id"]
    blue = server.ask(
        "a blue ring", seed=4, **(LONG | {"steps": 140, "guidance": 1.0, "scheduler": "Euler"})
    )["job_id"]
    server.http.delete(f"/api/jobs/{blocker}")
    wait_for(lambda: all(server.status(job)["progress"]["step"] for job in (red, blue)))
    assert together(server) == [batches + 1, jobs + 2]
    far = server.status(blue)["progress"]["step"]
    server.http.delete(f"/api/jobs/{red}")
    steps = []
    wait_for(
        lambda: (
            steps.append(server.status(blue)["progress"]["step"]) or steps[-1] > min(far + 20, 139)
        )
    )
    assert min(steps) >= far, "what is under way goes on"
    assert [server.wait(job)["status"] for job in (red, blue)] == ["cancelled", "completed"]
    assert server.status(red)["progress"]["step"] < 150


def without_previews(events):
    return [
        (number, kind, {k: v for k, v in data.items() if k != "preview"})
        for number, kind, data in events
    ]


def test_events_are_numbered_previewed_and_resumed_without_loss_or_repeat(server):
    job = server.ask("a red ring", seed=9, **LONG)["job_id"]
    head = server.events(job, stop=lambda found: len(found) >= 12)
    rest = server.events(job, last=head[-1][0])
    both = head + rest
    assert [event for _, event, _ in both] == ["started"] + ["step"] * 150 + ["done", "end"]
    assert len({number for number, _, _ in both}) == len(both)
    assert [data["step"] for _, event, data in both if event == "step"] == list(range(1, 151))
    assert any(data.get("preview", "").startswith("data:image/png;base64,") for _, _, data in both)
    assert (
        both[-1][2]["status"] == "completed"
        and both[-1][2]["image_url"] == both[-2][2]["image_url"]
    )
    assert server.events(job) == without_previews(both), (
        "a late client misses nothing but what was rough"
    )
    assert server.events(job, last=both[-2][0]) == both[-1:], "the last event always arrives"
    assert server.events(job, last="end") == []
    assert [one[0] for one in server.events(job, last="of-another-run")] == [one[0] for one in both]
    assert server.http.get("/api/events/none").status_code == 404


def test_an_idempotency_key_gives_one_job(server):
    headers = {"Idempotency-Key": "once"}
    body = {"prompt": "a heart", **SMALL}
    first, second = (
        server.http.post("/api/generate", json=body, headers=headers).json() for _ in range(2)
    )
    assert first["job_id"] == second["job_id"] and first["seed"] == second["seed"]
    other = server.http.post("/api/generate", json=body | {"prompt": "two hearts"}, headers=headers)
    assert other.status_code == 422 and other.json()["field"] == "Idempotency-Key"


SWEEP = """
name: from-the-api
base: {prompt: "a {colour} circle", steps: 1, width: 64, height: 64}
axes: {colour: [red, blue], seed: {range: [0, 2]}}
"""


def test_a_sweep_is_a_job_as_yaml_or_json(server):
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
def test_sweeps_that_are_refused(server, body, words):
    answer = server.http.post("/api/sweeps", content=body, headers={"Content-Type": "text/yaml"})
    assert answer.status_code == 422 and words in answer.json()["detail"], answer.text


@pytest.mark.parametrize(
    "path",
    [
        "00/x.png",
        "..%2f/dwlab.sqlite",
        "aa/../../dwlab.sqlite",
        f"aa/{'b' * 64}.png",
        f"aa/{'a' * 64}",
    ],
)
def test_only_pictures_are_served(server, path):
    assert server.http.get(f"/images/{path}").status_code == 404


def test_jobs_are_listed_the_newest_first(server):
    mine = [server.ask(seed=100 + k)["job_id"] for k in range(3)]
    for job in mine:
        server.wait(job)
    newest = server.http.get("/api/jobs", params={"limit": 3, "status": "completed"}).json()["jobs"]
    assert [job["job_id"] for job in newest] == mine[::-1]
    assert server.http.get("/api/jobs?limit=0").status_code == 422


def test_a_secret_of_the_environment_is_nowhere(server):
    said = [
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
    assert not any(CANARY in text for text in said) and not any(
        CANARY.encode() in data for data in files
    )
    log = (server.results / "api/server.log").read_text()
    assert "POST /api/generate 202" in log and "completed: " in log and "a red circle" not in log


def test_metrics_are_prometheus_s(server):
    text = server.http.get("/metrics").text
    for name in (
        "dwlab_http_requests_total",
        "dwlab_http_seconds_bucket",
        "dwlab_queue",
        "dwlab_jobs_total",
    ):
        assert re.search(rf"^{name}\{{.*\}} \d", text, re.MULTILINE), name


def test_print_openapi_gives_the_document(server, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from dwlab.cli.app import app

    monkeypatch.chdir(tmp_path)
    printed = CliRunner().invoke(app, ["serve", "--print-openapi"])
    assert (
        printed.exit_code == 0
        and json.loads(printed.stdout) == server.http.get("/openapi.json").json()
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_full_queue_says_when_to_come_again(tmp_path):
    with Served(tmp_path, queue_limit=2, shutdown_seconds=0) as server:
        running = server.ask(seed=1, **LONG)["job_id"]
        server.wait(running, "running")
        waiting = [server.ask(seed=k, **LONG)["job_id"] for k in (2, 3)]
        full = server.http.post("/api/generate", json={"prompt": "one more", **LONG})
        assert full.status_code == 429 and int(full.headers["Retry-After"]) > 0
        wait_for(
            lambda: server.http.get("/api/health").json()["queue"] == {"queued": 2, "running": 1}
        )
        stopped = server.stop()
        assert stopped == 0
        server.start()
        for job in (running, *waiting):
            server.http.delete(f"/api/jobs/{job}")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_or_requeues_and_the_next_server_goes_on(tmp_path, how):
    server = Served(tmp_path, shutdown_seconds=0).start()
    job = server.ask("a red ring", seed=4, **LONG)["job_id"]
    wait_for(lambda: server.status(job)["progress"]["step"])
    with httpx.Client() as other, other.stream("GET", f"{server.url}/api/events/{job}") as stream:
        next(stream.iter_lines())
        assert server.stop(how) == (0 if how is signal.SIGTERM else 130)
    assert "Traceback" not in (tmp_path / "stderr").read_text()
    with server:
        done = server.wait(job)
        assert done["status"] == "completed" and done["attempts"] == 1, (
            "a requeued job was not begun"
        )


@pytest.mark.slow
def test_a_stop_waits_for_what_runs(tmp_path):
    server = Served(tmp_path, shutdown_seconds=60).start()
    job = server.ask("a red ring", seed=4, **LONG)["job_id"]
    wait_for(lambda: server.status(job)["progress"]["step"])
    server.stop()
    with Served(tmp_path, ready=False) as server:
        assert server.status(job)["status"] == "completed"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_server_s_job_is_done_by_the_next_one_and_fails_in_the_end(tmp_path):
    server = Served(tmp_path, attempts=2, lease=1).start()
    job = server.ask("a red ring", seed=4, **LONG)["job_id"]
    wait_for(lambda: server.status(job)["progress"]["step"])
    bad = server.ask("a blue ring", seed=4, **(LONG | {"steps": 149}))[
        "job_id"
    ]  # not in one batch with the first
    server.stop(signal.SIGKILL)
    server.start()
    done = server.wait(job)
    assert done["status"] == "completed" and done["attempts"] == 2
    with closing(sqlite3.connect(server.results / "dwlab.sqlite")) as sql:
        query = "SELECT count(*) FROM attempts JOIN cells USING (key) WHERE cells.image = ?"
        assert sql.execute(query, (done["image_url"].removeprefix("/"),)).fetchone() == (1,), (
            "one result"
        )
    for _ in range(2):
        wait_for(lambda: server.status(bad)["progress"]["step"])
        server.stop(signal.SIGKILL)
        server.start()
    failed = server.wait(bad)
    assert failed["status"] == "failed" and "2 times" in failed["error"]
    assert server.wait(server.ask("a third", seed=1)["job_id"])["status"] == "completed"
    server.stop()
