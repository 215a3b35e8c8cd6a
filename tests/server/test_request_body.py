"""A client whose body is too large gets the answer while it is still sending."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import time

import pytest
from served import SECONDS, Served

MIB = 1 << 20
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("served"), ready=False) as server:
        yield server


@pytest.fixture
def connection(server):
    opened = http.client.HTTPConnection(
        "127.0.0.1", int(server.url.rpartition(":")[2]), timeout=SECONDS
    )
    yield opened
    opened.close()


def pieces(total, size=1 << 16, pause=0.01):
    """So many bytes, piece by piece, as a client with a slow connection sends them."""
    for _ in range(0, total, size):
        yield b"x" * size
        time.sleep(pause)


CLIENTS = [
    JSON,
    JSON | {"Connection": "close"},
]  # the second as urllib says, and all that speak HTTP/1.0


@pytest.mark.parametrize("path", ["/api/generate", "/api/sweeps"])
@pytest.mark.parametrize("headers", CLIENTS)
def test_a_large_body_of_known_length_is_read_to_its_end_and_refused(connection, path, headers):
    connection.request("POST", path, pieces(2 * MIB), headers | {"Content-Length": str(2 * MIB)})
    answer = connection.getresponse()
    assert answer.status == 413 and b"larger than" in answer.read()


@pytest.mark.parametrize("path", ["/api/generate", "/api/sweeps"])
@pytest.mark.parametrize("headers", CLIENTS)
def test_a_large_body_in_chunks_is_read_to_its_end_and_refused(connection, path, headers):
    connection.request("POST", path, pieces(2 * MIB), headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 413 and b"larger than" in answer.read()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/generate", {"Content-Type": "text/plain"}, 415),
        ("/api/generate", JSON | {"Origin": "https://evil.example"}, 403),
        ("/api/generate", JSON | {"Host": "evil.example"}, 403),
        ("/api/health", JSON, 405),
        ("/nowhere", JSON, 404),
    ],
)
def test_every_other_refusal_reaches_a_client_that_is_still_sending(
    connection, path, headers, status
):
    connection.request(
        "POST", path, pieces(2 * MIB), headers | {"Connection": "close"}, encode_chunked=True
    )
    answer = connection.getresponse()
    assert answer.status == status and b"detail" in answer.read()


def test_the_answer_comes_before_the_body_has_ended(server):
    with socket.create_connection(
        ("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=SECONDS
    ) as line:
        line.sendall(
            b"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2097152\r\n\r\n" + b"x" * 1000
        )
        assert line.recv(65_536).startswith(b"HTTP/1.1 413 ")


def sent_until_cut_off(line, most):
    """How many bytes can be sent until the other side closes the connection; at most `most`."""
    for sent in range(0, most, 65_536):
        try:
            line.sendall(b"x" * 65_536)
        except OSError:
            return sent
    return most


def test_a_body_without_end_is_cut_off_after_a_limit(server):
    with socket.create_connection(
        ("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=SECONDS
    ) as line:
        line.sendall(
            b"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000000\r\n\r\n"
        )
        sent = sent_until_cut_off(line, 100 * MIB)
    assert 8 * MIB <= sent < 60 * MIB, "the buffers of the system come on top"


def test_a_client_that_expects_100_continue_is_answered_without_sending_its_body(server):
    with socket.create_connection(
        ("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=SECONDS
    ) as line:
        line.sendall(
            b"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2097152\r\nExpect: 100-continue\r\n\r\n"
        )
        answer = b""
        while part := line.recv(65_536):
            answer += part
        assert answer.startswith(b"HTTP/1.1 413 "), "and the connection is closed: no body follows"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_receives_the_refusal(server, tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 2 * MIB)
    ended = subprocess.run(
        ["curl", "-sS", "-w", "%{http_code}", f"{server.url}/api/generate", "-H", "Content-Type: application/json",
         "--data-binary", f"@{tmp_path / 'large'}"], capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert ended.returncode == 0 and ended.stdout.endswith("413"), ended.stderr
