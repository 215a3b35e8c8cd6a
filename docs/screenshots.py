"""Photograph the sweep panel in JupyterLab: `make screenshots`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import browsers  # of tests/, which `make` puts on the path
from lab import FLAGS, Lab
from pictures import ROOT, photograph
from playwright.sync_api import Browser, Page, sync_playwright

PATIENCE = 300_000  # milliseconds that a page may take for one thing


def main() -> None:
    """Drive sweep.ipynb; results in a passing folder."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.chromium(), args=FLAGS)
        sweep(browser, Path(folder) / "sweep")
        browser.close()


def sweep(browser: Browser, folder: Path) -> None:
    """The panel of sweep.ipynb half way through the quickstart."""
    text = (ROOT / "experiments/quickstart.yaml").read_text("utf-8")
    with Lab(folder, {"quickstart": text}) as jupyter:
        page = browser.new_page(viewport={"width": 1200, "height": 960}, color_scheme="light")
        page.set_default_timeout(PATIENCE)
        jupyter.run_all(page)
        page.locator(".dwlab-sweep button", has_text="Run").click()
        page.wait_for_selector(r".dwlab-sweep [role=status] >> text=/^(3[6-9]|[45]\d) of 72 pictures/")
        page.wait_for_selector(".dwlab-view img")
        page.keyboard.press("Control+b")
        show(page, ".dwlab-sweep", "sweep-notebook.png")


def show(page: Page, selector: str, name: str) -> None:
    """Photograph the page with what `selector` names at its top."""
    page.locator(selector).evaluate("element => element.scrollIntoView()")
    photograph(page, name)


if __name__ == "__main__":
    main()
