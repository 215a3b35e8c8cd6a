"""The example of docs/marimo.md in marimo, which draws anywidgets in shadow roots of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from lab import ROOT, SECONDS, seen
from playwright.sync_api import expect
from rated_folders import rated_folder

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

# dark pages, and `edit` runs the cells at once, as `run` does
SETTINGS = """
[tool.marimo.display]
theme = "dark"
[tool.marimo.runtime]
auto_instantiate = true
"""


def example():
    """The notebook that the documentation shows, on the sweep that the test has."""
    text = (ROOT / "docs/marimo.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert '"quickstart"' in code
    return code.replace('"quickstart"', '"rated"')


class Marimo:
    """`marimo run` or `marimo edit` of the example, in a project with dark pages."""

    def __init__(self, folder, mode):
        (folder / "experiments").mkdir()
        (folder / "bench.py").write_text(example())
        (folder / "pyproject.toml").write_text(SETTINGS)
        rated_folder(folder / "results")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "marimo.log"
        options = ["--headless", "--no-token", "--host", "127.0.0.1", "--port", str(port)]
        self.command = [sys.executable, "-m", "marimo", "-q", mode, "bench.py", *options]
        self.folder = folder

    def __enter__(self):
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url, timeout=10).close()
            except OSError:
                time.sleep(0.1)
            else:
                return self
        self.__exit__()
        raise TimeoutError(self.log.read_text())

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.mark.parametrize("mode", ["run", "edit"])
def test_the_prompt_bench_and_the_viewer_work_in_marimo(browser, tmp_path, mode):
    with Marimo(tmp_path, mode) as marimo:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(1000 * SECONDS)
        page.goto(marimo.url)
        bench = page.locator(".dwlab-explore")
        expect(bench).to_have_css("color-scheme", "dark")
        for label, value in {"Steps": "2", "Width": "64", "Height": "64"}.items():
            bench.get_by_label(label, exact=True).fill(value)
        prompt = bench.get_by_label("Prompt", exact=True)
        prompt.fill("a large red star")
        expect(bench.get_by_role("button", name="Run", exact=True)).to_be_enabled()
        prompt.press("Control+Enter")
        expect(bench.locator(".dwx-status")).to_have_text(re.compile("^Done in"))
        seen(bench.locator(".dwx-done img"), 1)
        page.locator(".dwv-cell").first.click()
        seen(page.locator(".dwv-full"), 1)
        page.close()
