"""JupyterLab over a project of its own, for a browser: in tests and for screenshots."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import expect

ROOT = Path(__file__).parents[1]
SECONDS = 120  # that anything may take on a busy machine
expect.set_options(timeout=1000 * SECONDS)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


APPS = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}
# A kernel that is not quite there yet drops "Run All", and nothing on the page tells.
KERNEL_IS_READY = """() => {
  const app = window.jupyterapp;
  if (!app?.commands.hasCommand("notebook:run-all-cells")) return false;
  const panel = [...app.shell.widgets("main")].find((widget) => widget.sessionContext);
  const isOpen = panel?.isRevealed && panel.context.isReady && panel.sessionContext.isReady;
  return Boolean(isOpen) && panel.sessionContext.session?.kernel?.status === "idle";
}"""


def isolated(folder, theme):
    """An environment with fresh folders for Jupyter, this theme, and no settings of the user's."""
    settings = folder / "settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        '{"fetchNews":"false","checkForUpdates":false}'
    )
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    folders = {
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DWLAB_")}
    environment |= {name: str(folder / inside) for name, inside in folders.items()}
    # Threads that wait for each other crawl on a busy machine.
    environment["OMP_NUM_THREADS"] = "1"
    return environment


def seen(images, count):
    """Wait until a page has `count` such pictures, and has decoded each."""
    expect(images).to_have_count(count)
    for number in range(count):
        expect(images.nth(number)).to_have_js_property("complete", True)
        expect(images.nth(number)).not_to_have_js_property("naturalWidth", 0)


class Lab:
    """JupyterLab, or Notebook 7, over a project with experiments (name -> YAML).

    notebook: the name of one of dwlab's, or several.
    """

    def __init__(
        self, folder, experiments, *, notebook="sweep", app="jupyterlab", theme="JupyterLab Light"
    ):
        self.project = folder / "project"
        # Requests that would leave this machine.
        self.outside = []
        (self.project / "experiments").mkdir(parents=True)
        (self.project / "notebooks").mkdir()
        for name, text in experiments.items():
            (self.project / f"experiments/{name}.yaml").write_text(text)
        self.app = app
        names = [notebook] if isinstance(notebook, str) else notebook
        self.notebook = f"{names[0]}.ipynb"
        for name in names:
            shutil.copy(ROOT / f"notebooks/{name}.ipynb", self.project / "notebooks")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{port}"
        options = [
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.project}",
            f"--{APPS[app]}.expose_app_in_browser=True",
        ]
        with (folder / "lab.log").open("w") as log:
            command = [sys.executable, "-m", app, *options]
            self.server = subprocess.Popen(
                command, env=isolated(folder, theme), stdout=log, stderr=subprocess.STDOUT
            )

    def __enter__(self):
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def wait(self):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                return json.load(
                    urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=10)
                )
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(f"JupyterLab did not answer in {SECONDS} s")

    def watch(self, page):
        """Note each request that would leave this machine."""
        own = ("data:", "blob:", self.url, self.url.replace("http", "ws"))
        page.on("request", lambda r: None if r.url.startswith(own) else self.outside.append(r.url))

    def run_all(self, page, shown=".dwlab-sweep"):
        """Open the notebook, run all its cells, and wait until `shown` is there."""
        page.goto(f"{self.url}/lab/tree/notebooks/{self.notebook}?token={self.token}&reset")
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        # "Run All" is sometimes dropped before the kernel is idle.
        page.wait_for_selector("#jp-main-statusbar >> text=/Python 3.*Idle/")
        page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
        self.run_cells(page, shown)

    def run_notebook(self, page, name, shown):
        """Open a notebook in either app, run all its cells, and wait until `shown` is there."""
        folder = "lab/tree" if self.app == "jupyterlab" else "notebooks"
        page.goto(f"{self.url}/{folder}/notebooks/{name}.ipynb?token={self.token}&reset")
        page.wait_for_function(KERNEL_IS_READY)
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_selector(shown)

    def choose_theme(self, page, name):
        """Switch the open page to "JupyterLab Light" or "JupyterLab Dark"."""
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name
        )
        is_light = "true" if name.endswith("Light") else "false"
        page.wait_for_selector(f'body[data-jp-theme-light="{is_light}"]', state="attached")

    def run_cells(self, page, shown):
        """Run all cells of the open notebook, and wait until `shown` is there."""
        page.click(".jp-NotebookPanel .jp-Notebook .jp-InputPrompt >> nth=0")
        page.click(".lm-MenuBar-itemLabel >> text='Run'")
        page.click('.lm-Menu-itemLabel >> text="Run All Cells"')
        page.wait_for_selector(shown)

    def stop(self):
        self.server.terminate()
        try:
            self.server.wait(20)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
