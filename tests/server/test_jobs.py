"""Jobs of a real server: followed, rendered together, cancelled, listed."""

from __future__ import annotations

import re

import pytest
from served import Served, wait_for

LONG = {"steps": 150, "width": 128, "height": 128}
# takes half a minute: it cannot have ended when it is cancelled
ENDLESS = {"steps": 150, "width": 512, "height": 512}


def test_a_running_job_is_cancelled_within_a_step(server):
    job = server.ask("a green ring", seed=1, **ENDLESS)["job_id"]
    wait_for(lambda: server.status(job)["progress"]["step"])
    cancelled = server.http.delete(f"/api/jobs/{job}").json()
    assert cancelled["status"] == "cancelled" and cancelled["progress"]["step"] < 150
    next_one = server.wait(server.ask("a green ring", seed=2)["job_id"])
    assert next_one["status"] == "completed"
    *steps, end = server.events(job)
    assert end[2]["status"] == server.status(job)["status"] == "cancelled"
    # the step that was being computed may have come after the answer
    assert steps[-1][2]["step"] <= cancelled["progress"]["step"] + 1
    assert server.http.delete(f"/api/jobs/{next_one['job_id']}").json()["status"] == "completed", (
        "a job that ended stays as it is"
    )
    assert server.http.delete("/api/jobs/none").status_code == 404


def together(server):
    """How many batches of jobs have ended, and how many jobs they had."""
    text = server.http.get("/metrics").text
    return [
        float(re.search(rf"dwlab_jobs_together_{kind} (\S+)", text)[1]) for kind in ("count", "sum")
    ]


def test_jobs_of_different_settings_are_rendered_together_and_one_is_cancelled_alone(server):
    blocker = server.ask("a green ring", seed=3, **ENDLESS)["job_id"]
    wait_for(lambda: server.status(blocker)["progress"]["step"])
    batches, jobs = together(server)
    red = server.ask("a red ring", seed=3, **LONG)["job_id"]
    blue = server.ask(
        "a blue ring", seed=4, **(LONG | {"steps": 140, "guidance": 1.0, "scheduler": "Euler"})
    )["job_id"]
    server.http.delete(f"/api/jobs/{blocker}")
    wait_for(lambda: all(server.status(job)["progress"]["step"] for job in (red, blue)))
    far = server.status(blue)["progress"]["step"]
    server.http.delete(f"/api/jobs/{red}")
    steps = []
    wait_for(
        lambda: (
            steps.append(server.status(blue)["progress"]["step"]) or steps[-1] > min(far + 20, 139)
        )
    )
    assert min(steps) >= far, "the job that is under way goes on"
    assert [server.wait(job)["status"] for job in (red, blue)] == ["cancelled", "completed"]
    assert server.status(red)["progress"]["step"] < 150
    # the blocker was alone, because it has another size
    wait_for(lambda: together(server) == [batches + 2, jobs + 3])


def test_jobs_are_listed_newest_first(server):
    job_ids = [server.ask(seed=100 + k)["job_id"] for k in range(3)]
    for job in job_ids:
        server.wait(job)
    newest = server.http.get("/api/jobs", params={"limit": 3, "status": "completed"}).json()["jobs"]
    assert [job["job_id"] for job in newest] == job_ids[::-1]
    assert server.http.get("/api/jobs?limit=0").status_code == 422


@pytest.mark.slow
def test_a_full_queue_answers_429_with_retry_after(tmp_path):
    # otherwise those that wait would join the one under way
    with Served(tmp_path, queue_limit=2, together=1, shutdown_seconds=0) as server:
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
