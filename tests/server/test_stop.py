"""A server that is told to stop is gone in ten seconds, and the next one continues its work."""

from __future__ import annotations

import contextlib
import signal
import time

import httpx
import pytest
from served import SMALL, Served, wait_for
from server.test_connection_limits import BEGUN, POST

import dwlab

LONG = {"steps": 150, "width": 512, "height": 512}
ASSETS = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SWEEP = {
    "name": "underway",
    "base": {"prompt": "a {colour} star", **SMALL, "steps": 12},
    "axes": {"seed": {"range": [32]}},
}


def stop_under_load(server, job, how):
    """Stop a server with many clients connected; returns its exit code and the seconds it took."""
    follow = b"GET /api/events/%b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % job.encode()
    with contextlib.ExitStack() as held:
        for request in [BEGUN] * 30 + [follow] * 10 + [POST % (b"/api/sweeps", 5000) + b"{"] * 10:
            held.enter_context(server.connect(request))
        for _ in range(10):
            held.enter_context(server.connect(ASSETS * 20, buffer=4096))
        assert server.http.get("/api/health").status_code == 200
        began = time.monotonic()
        code = server.stop(how)
        return code, time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "code", "patience"), [(signal.SIGTERM, 0, 0), (signal.SIGINT, 130, 5)]
)
def test_a_server_under_load_stops_in_time_and_its_jobs_stay_queued(
    tmp_path, how, code, patience, record_property
):
    server = Served(tmp_path, shutdown_seconds=patience).start()
    jobs = [server.ask("a red ring", seed=4, **LONG)["job_id"]]
    wait_for(lambda: server.status(jobs[0])["progress"]["step"])
    jobs += [server.ask("a blue ring", seed=seed, **LONG)["job_id"] for seed in range(5)]
    ended, seconds = stop_under_load(server, jobs[0], how)
    record_property("seconds", seconds)
    print(f"stopped in {seconds:.1f} s")
    assert ended == code
    assert "Traceback" not in (tmp_path / "stderr").read_text()
    with Served(tmp_path, ready=False, shutdown_seconds=0) as server:
        answers = [server.status(job) for job in jobs]
        assert all(answer["status"] in ("queued", "running") for answer in answers)
        assert all(answer["attempts"] <= 1 for answer in answers), "a released job was not begun"
        for job in jobs:
            server.http.delete(f"/api/jobs/{job}")


@pytest.mark.slow
def test_a_sweep_interrupted_by_a_stop_continues_where_it_was(tmp_path):
    spec = SWEEP | {"axes": SWEEP["axes"] | {"colour": ["red", "blue"]}}
    server = Served(tmp_path, shutdown_seconds=0).start()
    job = server.http.post("/api/sweeps", json=spec).json()["job_id"]
    wait_for(lambda: server.status(job)["progress"]["step"])
    code, seconds = stop_under_load(server, job, signal.SIGTERM)
    print(f"stopped in {seconds:.1f} s")
    assert code == 0
    table = dwlab.Results(server.results).table("underway@api")
    finished = int((table["status"] == "ok").sum())
    assert 1 <= finished < 64
    with server:
        done = server.wait(job)
    assert done["status"] == "completed" and done["counts"]["total"] == 64
    assert done["counts"]["reused"] >= finished, "nothing is computed twice"


@pytest.mark.slow
def test_a_stop_does_not_wait_for_a_step_that_cannot_be_interrupted(tmp_path):
    """The process ends during the loading of a model or one long step, and the job is queued."""
    server = Served(tmp_path, models="sd15-geometry", shutdown_seconds=1).start()
    job = server.http.post(
        "/api/generate", json={"prompt": "a", "model": "sd15-geometry", "steps": 1}
    ).json()["job_id"]
    server.wait(job, "running")
    code, seconds = stop_under_load(server, job, signal.SIGTERM)
    print(f"stopped in {seconds:.1f} s")
    assert code == 0
    with (
        Served(tmp_path, ready=False, shutdown_seconds=0) as server,
        contextlib.suppress(httpx.HTTPError),
    ):
        cancelled = server.http.delete(f"/api/jobs/{job}").json()
        assert cancelled["attempts"] <= 1
