"""The sweep panel in real JupyterLab and a real headless browser: what a person does, and what hostile text does not."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

import dwlab

ROOT = Path(__file__).parents[1]
FLAGS = """
    --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync
"""
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>{{x}}"
TINY = f"""
name: tiny
base: {{prompt: "a {{colour}} circle", width: 64, height: 64}}
axes:
  colour: [red, {json.dumps(HOSTILE)}]
  steps: [1, 2]
"""
LONG = """
name: long
base: {prompt: "a {shape} on white", width: 64, height: 64, steps: 8}
axes:
  shape: [circle, star]
  seed: {range: [0, 500]}
"""
SECONDS = 120  # that a page may take for one thing, on a busy machine

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def isolated(folder):
    """An environment with Jupyter's own folders fresh, and its news off."""
    settings = folder / "settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews":"false","checkForUpdates":false}')
    places = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    places |= {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "IPYTHONDIR": str(folder / "ipython")}
    places |= {"JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces")}
    return os.environ | places | {"OMP_NUM_THREADS": "1"}  # threads that wait for each other crawl on a busy machine


class Lab:
    """JupyterLab over a project with two experiments and the sweep notebook, and a page of a browser."""

    def __init__(self, folder):
        self.project, self.outside = folder / "project", []
        (self.project / "experiments").mkdir(parents=True)
        (self.project / "notebooks").mkdir()
        (self.project / "experiments/tiny.yaml").write_text(TINY)
        (self.project / "experiments/long.yaml").write_text(LONG)
        shutil.copy(ROOT / "notebooks/sweep.ipynb", self.project / "notebooks")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.token, self.url = secrets.token_hex(16), f"http://127.0.0.1:{port}"
        options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
        options += [f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.project}"]
        with (folder / "lab.log").open("w") as log:
            command = [sys.executable, "-m", "jupyterlab", *options]
            self.server = subprocess.Popen(command, env=isolated(folder), stdout=log, stderr=subprocess.STDOUT)

    def wait(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                return json.load(urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=2))
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("JupyterLab did not answer in 60 s")

    def watch(self, page):
        """Note each request that would leave this machine."""
        own = ("data:", "blob:", self.url, self.url.replace("http", "ws"))
        page.on("request", lambda r: None if r.url.startswith(own) else self.outside.append(r.url))

    def run_all(self, page):
        page.goto(f"{self.url}/lab/tree/notebooks/sweep.ipynb?token={self.token}&reset")
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        page.wait_for_selector("#jp-main-statusbar >> text=/Python 3.*Idle/")  # else "Run All" is dropped at times
        page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
        page.click(".jp-NotebookPanel .jp-Notebook .jp-InputPrompt >> nth=0")
        page.click(".lm-MenuBar-itemLabel >> text='Run'")
        page.click('.lm-Menu-itemLabel >> text="Run All Cells"')
        page.wait_for_selector(".dwlab-sweep")

    def stop(self):
        self.server.terminate()
        try:
            self.server.wait(20)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def table(self, name):
        return dwlab.Results(self.project / "results").table(name)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    try:
        lab.wait()
        yield lab
    finally:
        lab.stop()


@pytest.fixture(scope="module")
def page(lab, chromium):
    """The notebook, opened and run from top to bottom."""
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        page.set_default_timeout(SECONDS * 1000)
        lab.watch(page)
        lab.run_all(page)
        yield page
        browser.close()


def button(page, name):
    return page.locator(".dwlab-sweep button", has_text=name)


def show(page, tab):
    page.locator(".dwlab-sweep").get_by_role("tab", name=tab).click()
    return page.locator(".dwlab-view:visible")


def pick(page, experiment):
    page.get_by_label("experiment").select_option(experiment)


def plan(page):
    return page.locator(".dwlab-plan")


def status(page):
    return page.locator(".dwlab-sweep").get_by_role("status")


def test_a_person_picks_edits_runs_and_sees_a_sweep(lab, page):
    pick(page, "tiny.yaml")
    expect(plan(page)).to_contain_text("4 cells · 0 done · 4 to do")

    page.get_by_label("steps").fill("[1, 2000]")
    expect(page.locator(".dwlab-sweep").get_by_role("alert")).to_contain_text("steps is 2000; allowed: ")
    expect(button(page, "Run")).to_be_disabled()
    page.get_by_label("steps").fill("[1, 2, 3]")
    expect(plan(page)).to_contain_text("6 cells · 0 done · 6 to do")
    expect(page.locator(".dwlab-sweep").get_by_role("alert")).to_have_count(0)

    grid = show(page, "Grid")
    expect(grid).to_contain_text("No pictures yet")
    button(page, "Run").click()
    expect(status(page)).to_contain_text("Done: 6 made now, 0 already there")
    expect(plan(page)).to_contain_text("6 cells · 6 done · 0 to do")
    _loaded(grid.locator("img"), 1)
    table = show(page, "Table")
    expect(table.locator("tbody tr")).to_have_count(6)
    _loaded(table.locator("img"), 6)
    _loaded(show(page, "Plots").locator("img.dwlab-light"), 3)
    for name in ("report.html", "table.csv", "grid.png", "run.log"):
        expect(show(page, "Files")).to_contain_text(str(lab.project / "results/tiny" / name))
        assert (lab.project / "results/tiny" / name).is_file()
    assert set(lab.table("tiny")["status"]) == {"ok"} and len(lab.table("tiny")) == 6

    assert lab.outside == []


def test_hostile_text_is_shown_and_not_run(lab, page):
    pick(page, "long.yaml")
    pick(page, "tiny.yaml")  # with its own values again, not those of another test
    expect(plan(page)).to_contain_text("4 cells")
    for label in ("steps", "scheduler", "name"):
        field = page.get_by_label(label, exact=True)
        before = field.input_value()
        field.fill(HOSTILE)
        expect(page.locator(".dwlab-sweep").get_by_role("alert")).to_contain_text("<img src=x")
        field.fill(before)
        expect(page.locator(".dwlab-sweep").get_by_role("alert")).to_have_count(0)
    button(page, "Run").click()
    expect(status(page)).to_contain_text("Done: ")
    expect(show(page, "Table").locator("tbody")).to_contain_text(HOSTILE)
    _loaded(show(page, "Grid").locator("img"), 1)
    _loaded(show(page, "Plots").locator("img.dwlab-light"), 3)
    assert "owned" not in page.title()
    assert page.locator('img[src="x"]').count() == 0
    assert lab.outside == []


def test_cancel_stops_and_run_goes_on(lab, page):
    pick(page, "long.yaml")
    expect(plan(page)).to_contain_text("1,000 cells · 0 done · 1,000 to do")
    grid = show(page, "Grid")
    button(page, "Run").click()
    expect(button(page, "Run")).to_be_disabled()
    expect(status(page)).to_have_text(re.compile(r"[1-9]\d* of 1,000 pictures · .+ so far · about .+ left"))
    _loaded(grid.locator("img"), 1)  # it grows while it runs
    width = page.locator(".dwlab-sweep .progress-bar").evaluate("bar => parseFloat(bar.style.width)")
    assert 0 < width < 100
    button(page, "Cancel").click()
    expect(status(page)).to_contain_text("Run goes on from here")
    expect(button(page, "Run")).to_be_enabled()
    before = lab.table("long").set_index("key")["created"]
    assert 0 < len(before) < 1000
    assert f"Stopped: {len(before)} made now, 0 already there, {1000 - len(before)} left" in status(page).inner_text()
    assert (lab.project / "results/long/report.html").is_file()

    button(page, "Run").click()
    expect(status(page)).to_have_text(re.compile(rf"[1-9]\d* of {1000 - len(before)} pictures · .*"))
    button(page, "Cancel").click()
    expect(status(page)).to_contain_text("Run goes on from here")
    after = lab.table("long").set_index("key")["created"]
    assert len(after) > len(before)
    assert after[before.index].equals(before)
    assert lab.outside == []


def test_every_control_has_a_label(page):
    for control in page.locator(".dwlab-sweep :is(input, select, textarea)").all():
        assert control.evaluate("c => [...c.labels].some(l => l.textContent.trim())")
    for image in page.locator(".dwlab-sweep img").all():
        assert image.get_attribute("alt")


def _loaded(images, count):
    """Wait for `count` pictures that the browser could decode."""
    expect(images).to_have_count(count)
    for image in images.all():
        assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") > 0
