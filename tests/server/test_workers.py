"""A server with several devices behind it: two worker processes on this machine."""

from __future__ import annotations

import psutil
import pytest
from distributed import Client, LocalCluster
from served import Served, wait_for

from dwlab.server.settings import ServerSettings
from dwlab.server.worker.workers import Workers

SWEEP = {
    "name": "long",
    "base": {"prompt": "a {colour} star", "steps": 40, "width": 64, "height": 64},
    "axes": {"seed": {"range": [40]}, "colour": ["red", "blue"]},
}


def processes(server):
    """The worker processes of a server."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_workers_share_requests_and_sweeps_and_their_death_loses_none(tmp_path):
    with Served(tmp_path, where="cpu*2") as server:
        workers = wait_for(
            lambda: (
                (known := server.http.get("/api/health").json()["workers"])
                and len(known) == 2
                and all(worker["model"] for worker in known)
                and known
            )
        )
        assert [worker["name"] for worker in workers] == ["worker 1", "worker 2"]
        sweep = server.http.post("/api/sweeps", json=SWEEP).json()["job_id"]
        wait_for(
            lambda: any(
                worker["sweep"] for worker in server.http.get("/api/health").json()["workers"]
            )
        )
        asked = [server.ask("a ring", seed=seed)["job_id"] for seed in range(3)]
        assert [server.wait(job)["status"] for job in asked] == ["completed"] * 3
        assert server.status(sweep)["status"] == "running", "requests come before sweeps"
        long = server.ask("a blue star", seed=9, steps=150, width=128, height=128)["job_id"]
        wait_for(lambda: server.status(long)["progress"]["step"])
        for process in processes(server):
            process.kill()
        done = server.wait(long)
        assert (done["status"], done["attempts"]) == ("completed", 2), done
        ended = server.wait(sweep)
        assert ended["status"] == "completed" and ended["counts"]["made"] == 80, ended
        told = [server.http.get(path).text for path in ("/api/health", "/api/models", "/metrics")]
        told += [server.http.get(f"/api/status/{job}").text for job in (long, sweep)]
        for text in told:
            assert "tcp://" not in text and str(tmp_path) not in text
        models = server.http.get("/api/models").json()["models"]
        shapes = next(model for model in models if model["id"] == "shapes")
        assert set(shapes["workers"]) <= {"worker 1", "worker 2"}
        assert 'dwlab_worker_requests{device="cpu",worker="worker 1"}' in told[2]
    assert not processes_left(server)


def processes_left(server):
    return [child for child in psutil.process_iter() if child.ppid() == server.process.pid]


@pytest.mark.slow
def test_a_scheduler_that_goes_takes_its_devices_and_leaves_no_client():
    added, removed = [], []
    before = set(Client._instances)
    with LocalCluster(
        n_workers=1,
        processes=False,
        threads_per_worker=1,
        dashboard_address=None,
        protocol="tcp://",
    ) as cluster:
        address = cluster.scheduler_address.replace("tcp://", "dask://")
        workers = Workers(ServerSettings(_env_file=None, where=address))
        workers.start(added.append, removed.append)
        wait_for(lambda: added)
    wait_for(lambda: removed)
    workers.end()
    assert removed == [added[0].name]
    wait_for(lambda: all(each.status == "closed" for each in set(Client._instances) - before))
