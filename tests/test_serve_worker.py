"""The worker, with the real renderer: out of memory (R9), company in a batch, what a failed picture says."""

from __future__ import annotations

import functools

import pytest
from served import SMALL, Served, wait_for

from dwlab import render
from dwlab.jobs import Jobs
from dwlab.params import GenerationParams
from dwlab.server.feed import Feed
from dwlab.server.observe import Metrics
from dwlab.server.settings import Settings
from dwlab.server.worker import Worker
from dwlab.store import Store

MESSAGES = ("CUDA out of memory. Tried to allocate", "MPS backend out of memory (", "can't allocate memory: you tried")


@pytest.fixture
def worker(tmp_path, request):
    """A worker in this process, with these settings."""
    worker = Worker(tmp_path, Settings(_env_file=None, **getattr(request, "param", {})), Feed(), Metrics())
    yield worker
    worker.stop(60)


@pytest.fixture
def ask(tmp_path, worker):
    """Queues prompts as jobs that are alike, starts a worker on them; gives the jobs once they have ended."""

    def run(*prompts):
        with Store(tmp_path) as store:
            jobs = Jobs(store.file)
            recipes = [GenerationParams(prompt, **SMALL).as_dict() for prompt in prompts]
            asked = [jobs.submit({"params": [one]}, alike="same")[0].id for one in recipes]
            worker.start()
            return wait_for(
                lambda: all((found := [jobs.get(job) for job in asked]) and [j.over for j in found]) and found
            )

    return run


@pytest.mark.parametrize("worker", [{"keep_gb": 1e-9}], indirect=True)
def test_the_worker_cleans_up_between_jobs(ask, worker, tmp_path):
    (job,) = ask("a red circle")
    picture = tmp_path / job.result["images"][0].removeprefix("/")
    assert job.status == "completed" and picture.exists()
    worker._cleaned = 0.0  # ten minutes later
    wait_for(lambda: not picture.exists())


@pytest.mark.parametrize("message", MESSAGES)
def test_out_of_memory_halves_down_to_the_picture_at_fault_and_the_rest_is_made(ask, monkeypatch, message):
    from diffusers import UNet2DConditionModel

    rows, whole, cell = [], UNet2DConditionModel.forward, render._call

    @functools.wraps(whole)
    def scarce(self, sample, *rest, **more):
        rows.append(len(sample))
        if len(sample) > 2:
            raise RuntimeError(message)
        return whole(self, sample, *rest, **more)

    def one_too_large(model, numbered, *rest):
        if numbered[1].prompt == "too large":
            raise RuntimeError(message)
        return cell(model, numbered, *rest)

    monkeypatch.setattr(UNet2DConditionModel, "forward", scarce)
    monkeypatch.setattr(render, "_call", one_too_large)
    ended = ask("a red circle", "a blue circle", "too large", "a green circle")
    assert [job.status for job in ended] == ["completed", "completed", "failed", "completed"]
    assert message[:20] in ended[2].error and ended[2].result["images"] == []
    assert max(rows) > 2 and rows[-1] <= 2, "together first, then halves"


@pytest.mark.slow
def test_a_hundred_requests_a_second_are_queued_or_refused_and_health_answers(tmp_path):
    """S11; the times are printed, not judged."""
    import asyncio
    import time

    import httpx

    from dwlab.server.loadtest import percentile

    async def storm(url):
        answers, health = [], []
        async with httpx.AsyncClient(base_url=url, timeout=90, limits=httpx.Limits(max_connections=200)) as http:

            async def post(k):
                body = {"prompt": "a red circle", "seed": k, **SMALL, "steps": 20}
                answers.append(await http.post("/api/generate", json=body))

            async def look():
                while len(answers) < 500:
                    began = time.perf_counter()
                    assert (await http.get("/api/health")).status_code == 200
                    health.append(time.perf_counter() - began)
                    await asyncio.sleep(0.02)

            looking, posting = asyncio.create_task(look()), []
            for k in range(500):
                posting.append(asyncio.create_task(post(k)))
                await asyncio.sleep(0.01)
            await asyncio.gather(*posting, looking)
        return answers, health

    with Served(tmp_path) as server:
        answers, health = asyncio.run(storm(server.url))
        refused = [answer for answer in answers if answer.status_code == 429]
        print(
            f"{len(refused)} of {len(answers)} refused; health p99 {1000 * percentile(tuple(health), 99):.0f} ms of {len(health)}"
        )
        assert {answer.status_code for answer in answers} == {202, 429}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
        assert server.http.get("/api/health").json()["status"] == "healthy"
        for job in server.http.get("/api/jobs?limit=200&status=queued").json()["jobs"]:
            server.http.delete(f"/api/jobs/{job['job_id']}")


@pytest.mark.slow
def test_the_load_test_serves_the_same_requests_both_ways():
    from dwlab.server.loadtest import measure

    result = measure(requests=4, clients=4, steps=2, side=64)
    assert (result.alone.clients, result.together.clients) == (1, 4)
    assert len(result.alone.latencies) == len(result.together.latencies) == 4 and result.together.health
    assert result.alone.together == 1.0 <= result.together.together
    assert "pictures/s" in str(result) and result.as_dict()["device"] == result.device
