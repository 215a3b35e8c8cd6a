"""The examples in docs/serve.md work as they are, with a real server."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

from PIL import Image
from served import ROOT

from dwlab.server.settings import ServerSettings

TEXT = (ROOT / "docs/serve.md").read_text("utf-8")
SHELL = [block for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) if "curl" in block]
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def run(server, command, code):
    text, replaced = re.subn("http://127.0.0.1:8000", server.url, code)
    assert replaced
    ended = subprocess.run(
        [*command, text],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=server.folder,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_page_has_examples_for_shell_python_and_ruby():
    assert (len(SHELL), len(PYTHON)) == (3, 1) and "```ruby" in TEXT


def test_the_first_curl_example_works(server):
    output = run(server, ["sh", "-ec"], SHELL[0])
    assert (
        output.count('"job_id"') == 2
        and '"status_url":"/api/status/' in output
        and '"seed":"42"' in output
    )


def test_the_httpx_example_works(server):
    assert run(server, [sys.executable, "-c"], PYTHON[0]).split() == ["completed", "2", "True"]


def test_the_curl_examples_of_a_start_picture_work(server):
    Image.new("RGB", (64, 64), "teal").save(server.folder / "sketch.png")
    output = run(server, ["sh", "-ec"], SHELL[1])
    job = server.wait(re.findall(r'"job_id":"([^"]+)"', output)[-1])
    assert job["status"] == "completed"
    assert job["parameters"]["strength"] == 0.6


def test_the_curl_examples_of_events_and_sweeps_work(server):
    output = run(server, ["sh", "-ec"], SHELL[2])
    kinds = re.findall(r"^event: (\w+)", output, re.MULTILINE)
    assert kinds == ["started", "step", "step", "step", "step", "done", "end"]
    sweep = server.wait(re.findall(r'"job_id":"([^"]+)"', output)[-1])
    assert sweep["status"] == "completed" and sweep["counts"]["total"] == 2


def test_the_page_names_every_setting():
    named = set(
        re.findall(
            r"`(\w+)`",
            "".join(re.findall(r"^\| `.*?\|", TEXT.partition("## Settings")[2], re.MULTILINE)),
        )
    )
    assert named == set(ServerSettings.model_fields)
    (toml,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert set(tomllib.loads(toml)["serve"]) <= set(ServerSettings.model_fields)
