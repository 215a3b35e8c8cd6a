"""Photograph the prompt bench, the pages of the server and of rating, and the panels: `make screenshots`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import browsers  # of tests/, which `make` puts on the path
import swatches
from lab import FLAGS, Lab
from pictures import ROOT, photograph
from playwright.sync_api import Browser, Page, expect, sync_playwright
from rating_pages import RatingPage, ready
from served import Served

import dwlab
from dwlab.workflows.sweep import execute

PATIENCE = 300_000  # milliseconds that a page may take for one thing


def main() -> None:
    """Drive explore.ipynb, sweep.ipynb and benchmark.ipynb; results in temporary folders."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.chromium(), args=FLAGS)
        for theme in ("light", "dark"):
            explore(browser, Path(folder) / theme, theme)
            serve(browser, Path(folder) / f"serve-{theme}", theme)
            rate(browser, Path(folder) / f"rate-{theme}", theme)
            design(browser, Path(folder), theme)
        sweep(browser, Path(folder) / "sweep")
        bench(browser, Path(folder) / "bench")
        browser.close()


def explore(
    browser: Browser, folder: Path, theme: str, width: int = 1200, height: int = 1430
) -> None:
    """The prompt bench with four pictures just made, and two compared."""
    with Lab(folder, {}, notebook="explore", theme=f"JupyterLab {theme.capitalize()}") as jupyter:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
        page.set_default_timeout(PATIENCE)
        jupyter.run_all(page, ".dwlab-explore")
        page.keyboard.press("Control+b")
        bench = page.locator(".dwlab-explore")

        def make(prompt: str, count: int, **fields: int) -> None:
            history = bench.locator(".dwx-history-count")
            before = int(history.text_content().partition(" ")[0] or 0)
            shown = {"Prompt": prompt, "Pictures per run": count, **fields}
            for label, value in shown.items():
                bench.get_by_label(label, exact=True).fill(str(value))
            bench.get_by_label("keep", exact=True).check()
            bench.get_by_role("button", name="Run", exact=True).click()
            expect(history).to_have_text(re.compile(f"{before + count} pictures?"))

        make("a small yellow ring at the top on a black background", 1, Seed=3)
        make("a large green heart on a white background", 2, Seed=7)
        make("a large red star on a blue background", 1, Seed=1)
        bench.get_by_role("button", name="guidance", exact=True).click()
        entries = bench.locator(".dwx-thumb")
        entries.nth(7).wait_for()
        entries.nth(1).click()
        bench.get_by_role("button", name="4 of 5 stars", exact=True).click()
        make("a large purple star on a yellow background", 4, Seed=20)
        entries.nth(0).click()
        entries.nth(5).click(modifiers=["Shift"])
        page.locator(".dwc-pane img[src]").nth(1).wait_for()
        show(page, ".dwlab-explore", f"explore-{theme}.png")


def sweep(browser: Browser, folder: Path) -> None:
    """The panel of sweep.ipynb after the quickstart: the answer above its pictures."""
    text = (ROOT / "experiments/quickstart.yaml").read_text("utf-8")
    with Lab(folder, {"quickstart": text}) as jupyter:
        page = browser.new_page(viewport={"width": 1200, "height": 960}, color_scheme="light")
        page.set_default_timeout(PATIENCE)
        jupyter.run_all(page)
        page.get_by_label("Experiment", exact=True).select_option("quickstart.yaml")
        page.locator(".dwlab-sweep .dwp-run").click()
        page.wait_for_selector(".dwlab-sweep .dwp-status >> text=/Done/")
        page.wait_for_selector(".dwp-answer strong")
        page.locator(".dwlab-viewer .dwv-cell").first.wait_for()
        page.keyboard.press("Control+b")
        show(page, ".dwlab-sweep", "sweep-notebook.png")


def bench(browser: Browser, folder: Path) -> None:
    """The panel of benchmark.ipynb after a quick run of the short benchmark."""
    with Lab(folder, {}, notebook="benchmark") as jupyter:
        page = browser.new_page(viewport={"width": 1200, "height": 1250}, color_scheme="light")
        page.set_default_timeout(PATIENCE)
        jupyter.run_all(page, ".dwlab-bench")
        page.keyboard.press("Control+b")
        page.locator(".dwlab-bench .dwp-run").click()
        page.wait_for_selector(".dwlab-bench .dwp-status >> text=/Done/")
        page.locator(".dwb-charts img:visible").nth(3).wait_for()
        show(page, ".dwlab-bench", "benchmark-notebook.png")


def serve(browser: Browser, folder: Path, theme: str, width: int = 1200, height: int = 790) -> None:
    """The page of `dwlab serve` with a request that is halfway done, and earlier pictures."""
    with Served(folder) as server:
        for k, colour in enumerate(("red", "green", "blue", "yellow")):
            shape = ("star", "heart", "ring", "triangle")[k]
            server.wait(
                server.ask(
                    f"a large {colour} {shape} on a white background",
                    seed=k,
                    steps=30,
                    width=128,
                    height=128,
                )["job_id"]
            )
        server.wait(
            server.ask(
                "a small purple circle on a black background",
                seed=3,
                steps=30,
                width=128,
                height=128,
            )["job_id"]
        )
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
        page.set_default_timeout(PATIENCE)
        page.goto(f"{server.url}/ui")
        expect(page.locator("#gallery img")).to_have_count(5)
        fields = {
            "Prompt": "a large orange star on a blue background",
            "Pictures": 2,
            "Seed": 7,
            "Steps": 150,
            "Guidance": 5,
        }
        for label, value in fields.items():
            page.get_by_label(label, exact=True).fill(str(value))
        page.get_by_role("button", name="Draw").click()
        expect(page.locator("#now img[src^='data:image/png']")).to_have_count(2, timeout=PATIENCE)
        expect(page.locator("#status")).to_have_text(
            re.compile(r"Step 2[1-4]\d of"), timeout=PATIENCE
        )
        photograph(page, f"serve-{theme}.png")


def rate(browser: Browser, folder: Path, theme: str) -> None:
    """The page of `dwlab rate` after two votes."""
    base = {"prompt": "a large {colour} star on a white background", "width": 128, "height": 128}
    axes = {"colour": ["red", "green"], "steps": [3, 5, 20], "seed": [1, 2]}
    results = folder / "results"
    execute(dwlab.Sweep("stars", base=base, axes=axes), results=results)
    with RatingPage(results, "stars", rater="rater 1") as served:
        page = browser.new_page(viewport={"width": 1000, "height": 660}, color_scheme=theme)
        page.set_default_timeout(PATIENCE)
        page.goto(served.url)
        ready(page)
        for key in ("ArrowLeft", "ArrowRight"):
            page.keyboard.press(key)
            page.locator(".dwr-status", has_text="Saved").wait_for()
            ready(page)
        photograph(page, f"rate-{theme}.png")


def design(browser: Browser, _folder: Path, theme: str) -> None:
    """The tokens of all pages, and the controls that are made of them."""
    page = browser.new_page(viewport={"width": 1100, "height": 1060}, color_scheme=theme)
    page.set_content(swatches.page(dark=theme == "dark"))
    photograph(page, f"design-{theme}.png")


def show(page: Page, selector: str, name: str) -> None:
    """Photograph the page with what `selector` names at its top."""
    page.locator(selector).evaluate("element => element.scrollIntoView()")
    photograph(page, name)


if __name__ == "__main__":
    main()
