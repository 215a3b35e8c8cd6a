"""Which requests `dwlab serve` lets in; a request that is refused makes no job."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import subprocess
import sys

import httpx
import pytest
from served import SECONDS, SMALL, Served
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.server.access.middleware import AccessMiddleware
from dwlab.server.prometheus_metrics import ServerMetrics
from dwlab.server.settings import ServerSettings

TOKEN = "a-token-of-the-tests"
STUDIO = "https://studio.example"
LOCAL = "http://localhost:3000"
PICTURE = f"/api/images/aa/{'a' * 64}.png"
BODY = {"prompt": "a red circle", **SMALL}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server on all addresses, with a token, a rate limit and a front end of another origin."""
    folder = tmp_path_factory.mktemp("guarded")
    with Served(
        folder, ready=False, host="0.0.0.0", token=TOKEN, rate_limit=3, cors_origins=STUDIO
    ) as server:
        yield server


@pytest.fixture(scope="module")
def free(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("free"), ready=False) as server:
        yield server


def serve(*flags, cwd, **environment):
    """`dwlab serve` in a folder, with more environment, where it ends by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        for name, value in environment.items():
            patch.setenv(name, value)
        ended = CliRunner().invoke(app, ["serve", "--port", "0", *flags])
    assert ended.exception is None or isinstance(ended.exception, SystemExit)
    return ended


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_a_server_without_a_token_listens_to_this_machine_only(tmp_path, host):
    ended = serve("--host", host, cwd=tmp_path)
    assert ended.exit_code == 2 and "DWLAB_TOKEN" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_settings_are_read_from_the_environment_a_dot_env_and_toml_and_checked(tmp_path):
    (tmp_path / "dwlab.toml").write_text('[serve]\nhost = "0.0.0.0"\n')
    assert "DWLAB_TOKEN" in serve(cwd=tmp_path).stderr
    (tmp_path / ".env").write_text("DWLAB_TOKEN=short\nHF_TOKEN=unrelated\n")
    refused = serve(cwd=tmp_path)
    assert (
        refused.exit_code == 2 and "at least 8" in refused.stderr and "short" not in refused.stderr
    )
    (tmp_path / ".env").write_text("DWLAB_TOKEN=long-enough-token\n")
    assert serve("--print-openapi", cwd=tmp_path).exit_code == 0
    wrong = serve("--print-openapi", cwd=tmp_path, DWLAB_QUEUE_LIMIT="many")
    assert wrong.exit_code == 2 and "queue_limit is 'many'" in wrong.stderr
    long = serve("--lease", "31", cwd=tmp_path)
    assert long.exit_code == 2 and "lease is" in long.stderr and "30" in long.stderr
    assert "--host" in serve(
        "--print-openapi", "--host", "192.0.2.1", cwd=tmp_path, DWLAB_TOKEN=""
    ).stderr.replace("host is", "--host is")


def test_every_route_requires_the_token(guarded):
    document = guarded.http.get("/openapi.json").json()
    routes = [
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    ]
    assert len(routes) >= 11
    hidden = [
        ("GET", path)
        for path in ("/ui", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/nowhere")
    ]
    wrong = [
        {},
        {"Authorization": "Bearer wrong-token"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
    ]
    wrong.append({"Authorization": "Basic " + base64.b64encode(b"user:wrong").decode()})
    with httpx.Client(base_url=guarded.url, timeout=SECONDS) as client:
        for (method, path), headers in itertools.product(routes + hidden, wrong):
            body = BODY if method == "POST" else None
            url = re.sub(r"\{\w+\}", "x", path)
            answer = client.request(method, url, headers=headers, json=body)
            assert answer.status_code == 401, (method, path, headers)
            assert "Bearer" in answer.headers["WWW-Authenticate"] and TOKEN not in answer.text
    assert guarded.job_ids() == []


def test_the_token_works_as_bearer_and_as_a_password(guarded):
    for headers in (
        {"Authorization": f"Bearer {TOKEN}"},
        {"Authorization": "Basic " + base64.b64encode(f"any:{TOKEN}".encode()).decode()},
    ):
        assert (
            httpx.get(f"{guarded.url}/api/health", headers=headers, timeout=SECONDS).status_code
            == 200
        )


def test_the_rate_limit_applies_to_writes_only_and_says_when_to_retry(guarded):
    posts = [
        {"json": BODY | {"seed": k}, "headers": {"X-Forwarded-For": f"192.0.2.{k}"}}
        for k in range(8)
    ]
    answers = [
        guarded.http.post("/api/generate", **post) for post in posts
    ]  # where from is not the client's to say
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 4 and all(
        1 <= int(answer.headers["Retry-After"]) <= 20 for answer in refused
    )
    assert {answer.status_code for answer in answers} == {202, 429}
    assert all(guarded.http.get("/api/jobs").status_code == 200 for _ in range(20))
    assert len(guarded.job_ids()) == len(answers) - len(refused)
    assert "token" not in (guarded.results / "api/server.log").read_text()


def test_the_rate_limit_applies_to_removing_pictures_too(guarded):
    statuses = [guarded.http.delete(PICTURE).status_code for _ in range(8)]
    assert statuses.count(429) >= 4 and set(statuses) <= {404, 429}


def test_a_server_on_all_addresses_accepts_any_host_name_with_a_token(guarded):
    named = {"Host": "lab.example:8000"}
    assert guarded.http.get("/api/health", headers=named).status_code == 200
    assert httpx.get(f"{guarded.url}/api/health", headers=named, timeout=SECONDS).status_code == 401


def test_configured_cors_origins_replace_the_default(guarded):
    health = {
        origin: guarded.http.get("/api/health", headers={"Origin": origin}).headers
        for origin in (STUDIO, LOCAL)
    }
    assert health[STUDIO]["access-control-allow-origin"] == STUDIO
    assert "access-control-allow-origin" not in health[LOCAL]
    assert guarded.http.delete("/api/jobs/x", headers={"Origin": LOCAL}).status_code == 403
    assert guarded.http.delete("/api/jobs/x", headers={"Origin": STUDIO}).status_code != 403


@pytest.mark.parametrize("host", ["::1", "fd00::7"])
def test_an_ipv6_address_is_a_host_name_in_brackets(host):
    assert f"[{host}]" in ServerSettings(_env_file=None, host=host).hosts
    assert f"[{host}]" in ServerSettings(_env_file=None, allowed_hosts=host).hosts


def test_an_internal_error_is_counted_and_has_the_security_headers():
    async def broken(*_):
        raise RuntimeError("a bug")

    async def ask(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.get("/")

    metrics = ServerMetrics()
    answer = asyncio.run(ask(AccessMiddleware(broken, ServerSettings(_env_file=None), metrics)))
    assert answer.status_code == 500 and "a bug" not in answer.text and answer.json()["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b'status="500"' in metrics.text({})


FOREIGN = {"Origin": "https://evil.example"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, "prompt=a", 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "--x--", 415),
        ({"Content-Type": "text/plain"}, '{"prompt": "a"}', 415),
        ({}, '{"prompt": "a"}', 415),
        (JSON | FOREIGN, '{"prompt": "a"}', 403),
        (JSON | {"Origin": "http://["}, '{"prompt": "a"}', 403),
        (JSON | {"Origin": "null"}, '{"prompt": "a"}', 403),
        (JSON | {"Origin": "http://localhost:3000.evil.example"}, '{"prompt": "a"}', 403),
        (JSON | {"Sec-Fetch-Site": "cross-site"}, '{"prompt": "a"}', 403),
        (JSON | {"Host": "evil.example"}, '{"prompt": "a"}', 403),
        (JSON | {"Host": "evil.example", "Origin": "http://evil.example"}, '{"prompt": "a"}', 403),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/generate", "/api/sweeps"])
def test_pages_of_other_sites_cannot_make_jobs(free, path, headers, body, status):
    sent = {"Content-Length": str(len(body)), **headers}
    with httpx.Client(base_url=free.url, timeout=SECONDS) as client:
        request = client.build_request("POST", path, content=body, headers=sent)
        assert client.send(request).status_code == status
    assert free.job_ids() == []


def test_pages_of_other_sites_cannot_cancel_jobs_remove_pictures_or_read_lists(free):
    for path in ("/api/jobs/x", PICTURE):
        assert free.http.delete(path, headers=FOREIGN).status_code == 403
        assert free.http.delete(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert free.http.get("/api/jobs", headers={"Host": "evil.example"}).status_code == 403


def test_cors_lets_in_the_front_end_s_origin_only(free):
    asking = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    preflight = free.http.options(
        "/api/generate",
        headers=asking | {"Access-Control-Request-Headers": "content-type,idempotency-key"},
    )
    assert (
        preflight.status_code == 200
        and preflight.headers["access-control-allow-origin"] == "http://localhost:3000"
    )
    taken = free.http.post("/api/generate", json=BODY, headers={"Origin": "http://localhost:3000"})
    assert (
        taken.status_code == 202
        and taken.headers["access-control-allow-origin"] == "http://localhost:3000"
    )
    free.http.delete(f"/api/jobs/{taken.json()['job_id']}")
    own = free.http.delete("/api/jobs/x", headers={"Origin": free.url})
    assert own.status_code == 404, "the server's own pages"
    foreign = free.http.options("/api/generate", headers=asking | FOREIGN)
    assert "access-control-allow-origin" not in foreign.headers


def test_every_answer_has_the_security_headers(free):
    for path in (
        "/",
        "/ui",
        "/docs",
        "/docs/swagger-ui-bundle.js",
        "/api/health",
        "/api/status/none",
        "/metrics",
        "/nowhere",
    ):
        headers = free.http.get(path).headers
        assert (
            headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        )
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "http" not in policy
        assert (
            "script-src" not in policy
            or "unsafe" not in policy.partition("script-src")[2].partition(";")[0]
        )
    assert (
        free.http.post("/api/generate", content="x").headers["x-content-type-options"] == "nosniff"
    )


def test_an_unusable_results_folder_is_explained_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    ended = serve("--results", str(tmp_path / "file" / "below"), cwd=tmp_path)
    assert (
        ended.exit_code == 1
        and len(ended.stderr.splitlines()) == 1
        and "check free space" in ended.stderr
    )


def test_a_port_that_is_taken_is_an_error_without_a_traceback(free, tmp_path):
    code = "from dwlab.cli import main; main()"
    port = free.url.rpartition(":")[2]
    ended = subprocess.run(
        [sys.executable, "-c", code, "serve", "--port", port, "--results", tmp_path / "r"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 2
    assert "an address that is free" in ended.stderr
    assert "Traceback" not in ended.stderr
