"""A job that its server leaves unfinished is finished by the next one."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import httpx
import pytest
from served import SECONDS, Served, wait_for

LONG = {"steps": 80, "width": 128, "height": 128}


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_job_that_a_stop_interrupts_is_finished_by_the_next_server(tmp_path, how):
    server = Served(tmp_path, shutdown_seconds=0).start()
    job = server.ask("a red ring", seed=4, **LONG)["job_id"]
    wait_for(lambda: server.status(job)["progress"]["step"])
    with (
        httpx.Client(timeout=SECONDS) as other,
        other.stream("GET", f"{server.url}/api/events/{job}") as stream,
    ):
        next(stream.iter_lines())
        assert server.stop(how) == (0 if how is signal.SIGTERM else 130)
    assert "Traceback" not in (tmp_path / "stderr").read_text()
    with server:
        done = server.wait(job)
        assert done["status"] == "completed" and done["attempts"] == 1, (
            "a requeued job was not begun"
        )


@pytest.mark.slow
def test_a_stop_waits_for_the_running_job(tmp_path):
    server = Served(tmp_path, shutdown_seconds=60).start()
    job = server.ask("a red ring", seed=4, **LONG)["job_id"]
    wait_for(lambda: server.status(job)["progress"]["step"])
    server.stop()
    with Served(tmp_path, ready=False) as server:
        assert server.status(job)["status"] == "completed"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_server_s_job_is_taken_over_until_its_attempts_are_used_up(tmp_path):
    server = Served(tmp_path, attempts=2).start()
    job = server.ask("a red ring", seed=4, **LONG)["job_id"]
    wait_for(lambda: server.status(job)["progress"]["step"])
    # of another size, it cannot join the first: that would count as an attempt
    bad = server.ask("a blue ring", seed=4, **(LONG | {"height": 112}))["job_id"]
    assert server.status(bad)["status"] == "queued"
    server.stop(signal.SIGKILL)
    server.start()
    done = server.wait(job)
    assert done["status"] == "completed" and done["attempts"] == 2
    with closing(sqlite3.connect(server.results / "dwlab.sqlite")) as sql:
        query = "SELECT count(*) FROM attempts JOIN cells USING (key) WHERE cells.image = ?"
        (results,) = sql.execute(query, (done["image_url"].removeprefix("/"),)).fetchone()
    assert results == 1
    for _ in range(2):
        wait_for(lambda: server.status(bad)["progress"]["step"])
        server.stop(signal.SIGKILL)
        server.start()
    failed = server.wait(bad)
    assert failed["status"] == "failed" and "2 times" in failed["error"]
    assert server.wait(server.ask("a third", seed=1)["job_id"])["status"] == "completed"
    server.stop()
