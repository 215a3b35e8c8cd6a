"""Clients that are slow, many or silent lose their own connections, and nobody else's."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time

import httpx
import pytest
from served import SECONDS, SMALL, Served, wait_for

HALF_OPEN = 1100
BEGUN = b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n"  # a header that never ends
POST = b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow")
    with Served(
        folder, files=300, connections=60, connections_per_client=40, slow_seconds=1
    ) as server:
        yield server


def read_until_closed(connection):
    """Everything that a connection receives until the server closes it."""
    parts = []
    with connection, contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@pytest.fixture
def many_files():
    """Let this process open as many sockets as the tests need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < HALF_OPEN + 200:
        pytest.skip("this machine does not let a process open so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, HALF_OPEN + 200), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_half_open_connections_shut_nobody_out_and_are_dropped(server, many_files):
    stderr, log = server.folder / "stderr", server.results / "api/server.log"
    before = stderr.stat().st_size + log.stat().st_size
    half_open = []
    for number in range(HALF_OPEN):
        half_open.append(server.connect(BEGUN))
        if number % 100 == 0:
            assert (
                httpx.get(f"{server.url}/api/health", timeout=SECONDS).json()["status"] == "healthy"
            )
    answers = [read_until_closed(connection) for connection in half_open]
    assert all(
        answer.startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 408 ")) or not answer for answer in answers
    )
    assert any(answer.startswith(b"HTTP/1.1 408 ") for answer in answers), "the last ones timed out"
    assert stderr.stat().st_size + log.stat().st_size - before < 20_000
    text = server.http.get("/metrics").text
    assert 'dwlab_connections_dropped_total{why="for another"}' in text
    assert server.wait(server.ask(seed=1)["job_id"])["status"] == "completed"


def test_a_header_that_arrives_byte_by_byte_times_out(server):
    with server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.setblocking(False)
        answer = b""
        for byte in BEGUN * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)
            with contextlib.suppress(BlockingIOError):
                if not (part := connection.recv(4096)):
                    break
                answer += part
    assert (
        answer.startswith(b"HTTP/1.1 408 ")
        and json.loads(answer.partition(b"\r\n\r\n")[2])["detail"]
    )


def test_an_idle_connection_is_closed(server):
    connection = server.connect(BEGUN + b"\r\n")
    assert read_until_closed(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", [b"/api/generate", b"/api/sweeps"])
def test_a_body_that_never_arrives_times_out_and_leaves_no_trace_in_the_log(server, path):
    before = server.job_ids()
    answer = read_until_closed(server.connect(POST % (path, 100) + b'{"prompt": '))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert server.job_ids() == before
    for written in (server.folder / "stderr", server.results / "api/server.log"):
        assert "Traceback" not in written.read_text()


def test_a_body_that_arrives_steadily_is_given_the_time_it_needs(server):
    body = json.dumps({"prompt": "a red circle", **SMALL}).encode()
    connection = server.connect(POST % (b"/api/generate", len(body) + 200_000))
    for _ in range(20):
        # so much at a time gives another second each, as the machine may be busy in between
        connection.sendall(b" " * 10_000)
        time.sleep(0.1)
    connection.sendall(body)
    assert connection.recv(4096).startswith(b"HTTP/1.1 202 ")
    connection.close()


def test_an_answer_that_is_not_read_is_dropped(server):
    request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    connection = server.connect(request * 8, buffer=4096)
    dropped = 'dwlab_connections_dropped_total{why="whose answer took too long"}'
    wait_for(lambda: dropped in server.http.get("/metrics").text)
    assert len(read_until_closed(connection)) < 8 * len(
        server.http.get("/docs/swagger-ui-bundle.js").content
    )


def test_event_streams_of_one_client_leave_room_for_another_client(server):
    job = server.ask("a red ring", seed=9, steps=150, width=512, height=512)["job_id"]
    follow = b"GET /api/events/%b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % job.encode()
    streams = []
    for _ in range(40):
        streams.append(server.connect(follow))
        assert streams[-1].recv(100).startswith(b"HTTP/1.1 200 "), (
            "an event stream is never dropped for another connection"
        )
    refused = read_until_closed(server.connect(BEGUN + b"\r\n"))
    assert refused.startswith(b"HTTP/1.1 503 ") and b"Retry-After: " in refused
    if sys.platform == "linux":  # elsewhere this machine has one address for itself
        with httpx.Client(
            transport=httpx.HTTPTransport(local_address="127.0.0.2"),
            base_url=server.url,
            timeout=SECONDS,
        ) as other:
            assert other.get("/api/health").json()["status"] == "healthy"
    streams.pop().close()
    assert wait_for(lambda: healthy(server)), "there is room again"
    assert server.http.delete(f"/api/jobs/{job}").status_code == 200
    assert all(b"event: end" in stream_until_its_end(stream) for stream in streams)


def stream_until_its_end(stream):
    """Everything that a stream of events receives until its end."""
    received = b""
    while b"event: end" not in received:
        part = stream.recv(65_536)
        assert part, received
        received += part
    stream.close()
    return received


def test_running_out_of_files_writes_little_to_the_log_and_passes(tmp_path, many_files):
    with Served(tmp_path, ready=False, files=64, slow_seconds=1) as server:
        half_open = [server.connect(BEGUN) for _ in range(300)]
        for connection in half_open:
            connection.close()
        wait_for(lambda: healthy(server))
        assert (tmp_path / "stderr").stat().st_size < 20_000
        assert "the limit of open files" in (server.results / "api/server.log").read_text()


def healthy(server):
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{server.url}/api/health", timeout=5).status_code == 200
