"""Photograph the notebooks in JupyterLab, in both themes: `make screenshots`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lab import FLAGS, Lab
from pictures import ROOT, browsers, photograph
from playwright.sync_api import Browser, Page, sync_playwright

PATIENCE = 300_000  # milliseconds that a page may take for one thing
PROMPTS = (
    "a large star at the center",
    "a small red heart on a white background",
    "a blue ring on a yellow background",
)


def main() -> None:
    """Drive explore.ipynb in both themes and sweep.ipynb in the light one; results in a passing folder."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.chromium(), args=FLAGS)
        explore(browser, Path(folder) / "explore")
        sweep(browser, Path(folder) / "sweep")
        browser.close()


def explore(browser: Browser, folder: Path) -> None:
    """The prompt bench after some prompts, with four seeds of the last one."""
    with Lab(folder, {}, notebook="explore") as jupyter:
        page = browser.new_page(viewport={"width": 1440, "height": 1010}, color_scheme="light")
        page.set_default_timeout(PATIENCE)
        jupyter.run_all(page, ".dwlab-explore")
        bench = page.locator(".dwlab-explore")
        for k, prompt in enumerate(PROMPTS):
            bench.get_by_label("Prompt", exact=True).fill(prompt)
            bench.get_by_label("Pictures per run").fill("4")
            bench.get_by_label("Seed", exact=True).fill(str(7 * k))
            bench.get_by_label("keep").check()
            bench.get_by_label("Prompt", exact=True).press("Control+Enter")
            page.wait_for_function("k => document.querySelectorAll('.dwx-strip img').length === 4 * (k + 1)", arg=k)
        bench.locator(".dwx-strip button").nth(5).click()
        bench.get_by_role("button", name="4 of 5 stars").click()
        bench.get_by_role("button", name="Hold for comparing").click()
        bench.locator(".dwx-strip button").nth(4).click()
        bench.get_by_role("button", name="Compare with the held one").click()
        bench.locator(".dwx-wipe").wait_for()
        bench.locator(".dwx-vary button", has_text="guidance").click()
        page.wait_for_function("document.querySelectorAll('.dwx-done img').length === 4")
        page.keyboard.press("Control+b")  # the sidebar away
        show(page, ".dwlab-explore", "explore-light.png")
        page.click(".lm-MenuBar-itemLabel >> text='Settings'")
        page.hover('.lm-Menu-itemLabel >> text="Theme"')
        page.click('.lm-Menu-itemLabel >> text="JupyterLab Dark"')
        show(page, ".dwlab-explore", "explore-dark.png")


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
