"""The server under load: the load test itself, and a storm of requests."""

from __future__ import annotations

import json

import pytest
from served import SMALL, Served


@pytest.mark.slow
def test_a_hundred_requests_per_second_are_queued_or_refused_and_health_answers(tmp_path):
    """The times are printed, not judged."""
    import asyncio
    import time

    import httpx

    from dwlab.server.load_test import percentile

    async def storm(url):
        answers, health = [], []
        async with httpx.AsyncClient(
            base_url=url, timeout=120, limits=httpx.Limits(max_connections=100, keepalive_expiry=1)
        ) as http:

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
@pytest.mark.timeout(1800)  # it starts six servers
def test_the_load_test_serves_the_same_requests_all_ways():
    from dwlab.server.load_test import measure

    result = measure(requests=4, clients=4, steps=2, side=64, workers=2)
    assert [server.where for server in result.servers] == ["local", "cpu*2"]
    for server in result.servers:
        assert (server.alone.clients, server.together.clients) == (1, 4)
        assert len(server.alone.latencies) == len(server.together.latencies) == 4
        assert len(server.beside_sweep.first_steps) == 4 and server.together.health
        assert server.alone.together == 1.0 <= server.together.together
    assert "beside a sweep" in str(result)
    assert json.loads(result.json())["servers"][1]["where"] == "cpu*2"
