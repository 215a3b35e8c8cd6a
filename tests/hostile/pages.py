"""The payloads on every page that dwlab has, in Chromium: shown as text, and nothing of them runs."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import pngs
from bench.test_files import RUN
from browsers import chromium
from lab import FLAGS, ROOT, Lab
from playwright.sync_api import expect, sync_playwright
from rated_folders import rated_folder
from rating_pages import RatingPage, ready
from report_pages import report
from served import SMALL, Served
from sweep_tables import sweep_table

from dwlab.bench.compare import line_up
from dwlab.errors import InvalidInput
from dwlab.runs.outcome import Outcome
from dwlab.runs.table import Table
from dwlab.spec.sweep import SweepSpec
from dwlab.views.viewer.page import save_viewer
from dwlab.widgets.field_errors import message_html
from dwlab.widgets.small_pictures import image_html
from dwlab.widgets.sweep.facts import sweep_facts_html
from dwlab.widgets.sweep.files import files_html
from dwlab.widgets.sweep.plots import plots_html
from dwlab.widgets.sweep.table import thumbnails_html

from .payloads import PAYLOADS, TEXTS, Trap, careless, squeezed
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

SECONDS = 120  # that a page may take for one thing, on a busy machine
NOTEBOOKS = ("sweep", "explore", "benchmark")


def trials(folder: Path, scale: float) -> Iterator[Tally]:
    """A careless page first, on which every payload must be noticed, then ours."""
    texts = TEXTS[:: max(1, round(1 / scale))]
    expect.set_options(timeout=1000 * SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield control(browser, folder)
        yield on_files(browser, folder, texts)
        yield on_a_viewer(browser, folder / "viewer", texts)
        yield on_the_rating_page(browser, folder / "rating", texts)
        yield from on_the_server(browser, folder / "served", texts)
        yield from in_notebooks(browser, folder / "lab", texts)
        browser.close()


def control(browser: Browser, folder: Path) -> Tally:
    """Every payload on a page that does not escape it; one that is not noticed there proves nothing elsewhere."""
    tally = Tally("payloads, a careless page", len(PAYLOADS))
    for number, (spot, text) in enumerate(PAYLOADS):
        trap = Trap(browser)
        page = trap.context.new_page()
        path = folder / f"careless-{number}.html"
        path.write_text(careless(spot, text))
        page.goto(path.as_uri(), wait_until="commit")
        for link in page.locator("a").all():
            link.click()
        wait_until_noticed(page, trap)
        tally.add("noticed", bool(trap.noticed))
        if not trap.noticed:
            tally.faults.append(f"the control does not notice {text}")
        trap.close()
    return tally


def wait_until_noticed(page: Page, trap: Trap) -> None:
    """Give a payload time to run, at most two seconds."""
    for _ in range(40):
        if trap.noticed:
            return
        page.wait_for_timeout(50)


@contextmanager
def trapped(
    browser: Browser, kind: str, number: int, **options: object
) -> Iterator[tuple[Tally, Page, Trap]]:
    """A page on which none of `number` payloads may run; counts at the end what was noticed."""
    trap = Trap(browser, options)
    page = trap.context.new_page()
    page.set_default_timeout(1000 * SECONDS)
    tally = Tally(f"payloads, {kind}", number)
    yield tally, page, trap
    page.wait_for_timeout(300)
    elements = trap.elements(page)
    tally.results |= {
        "ran or asked for a canary": len(trap.noticed),
        "became elements": len(elements),
    }
    tally.faults += [*trap.noticed, *elements]
    trap.close()


def shown(page: Page, texts: tuple[str, ...], tally: Tally) -> None:
    """Count the payloads that the page shows as they are; all must be there, or the page was not tried."""
    said = squeezed(page.locator("body").text_content() or "")
    missing = [text for text in texts if squeezed(text) not in said]
    tally.add("shown as text", len(texts) - len(missing))
    tally.faults += [f"not on the page: {text}" for text in missing]


# -- files ------------------------------------------------------------------------------------------


def on_files(browser: Browser, folder: Path, texts: tuple[str, ...]) -> Tally:
    """report.html, and all HTML that a notebook may be given, on a page without any policy."""
    root = folder / "results"
    root.mkdir()
    table = sweep_table(
        root, texts, steps=(4,), guidance=(1.0,), failed=tuple(range(0, 2 * len(texts), 4))
    )
    report(
        table, root, outcome=Outcome("views", root, len(table), notes=texts), warnings=texts,
        spec=SweepSpec("views", base={"negative_prompt": texts[0]}, axes={"prompt": list(texts)}),
    )  # fmt: skip
    (root / "tables.html").write_text(f"<!doctype html><body>{notebook_html(table, texts)}")
    with trapped(browser, "report.html and tables", 2 * len(texts)) as (tally, page, trap):
        page.goto((root / "report.html").as_uri())
        shown(page, texts, tally)
        tally.faults += trap.elements(page)
        page.goto((root / "tables.html").as_uri())
        shown(page, texts, tally)
    return tally


def on_a_viewer(browser: Browser, folder: Path, texts: tuple[str, ...]) -> Tally:
    """viewer.html: as prompts beside rows, as errors, and in links that were made for another sweep."""
    folder.mkdir()
    table = sweep_table(folder, texts, steps=(4,), guidance=(1.0,), failed=tuple(range(0, 9, 3)))
    save_viewer(table, folder / "viewer.html", title=texts[0])
    viewport = {"width": 1400, "height": 6000}
    with trapped(browser, "viewer.html", len(texts), viewport=viewport) as (tally, page, trap):
        page.goto((folder / "viewer.html").as_uri())
        expect(page.locator(".dwv-row-label").nth(len(texts) - 1)).to_be_visible()
        shown(page, texts, tally)
        tally.faults += trap.elements(page)
        for text in texts:
            page.goto(
                f"{(folder / 'viewer.html').as_uri()}#filter={quote(text)}&rows={quote(text)}"
            )
            page.reload()
            expect(page.locator(".dwv-count")).to_contain_text("pictures")
    return tally


def notebook_html(table: object, texts: tuple[str, ...]) -> str:
    """What tables, panels and errors give a notebook as HTML."""
    pieces = [Table(table)._repr_html_(), Table(table.drop(columns="image"))._repr_html_()]
    pieces += [thumbnails_html(table), plots_html(table), sweep_facts_html(table)]
    for text in texts:
        pieces.append(message_html(InvalidInput("prompt", text, text)))
        pieces.append(files_html({text: ROOT / text}))
        pieces.append(image_html(b"", text))
    document = json.loads(RUN.read_text())
    document["name"] = texts[0]
    for row, text in zip(document["rows"], texts, strict=False):
        row |= {"error": text, "status": "failed"}
    pieces.append(line_up({ROOT / f"{texts[0]}.json": document})._repr_html_())
    return "".join(pieces)


def on_the_rating_page(browser: Browser, folder: Path, texts: tuple[str, ...]) -> Tally:
    """As prompts of the pairs on the page of `dwlab rate`, and as a rater's name."""
    folder.mkdir()
    root = rated_folder(folder / "results", prompts=texts, steps=(2, 5), seeds=1)
    rater = min(texts, key=len)
    with (
        RatingPage(root, rater=rater) as served,
        trapped(browser, "the page of dwlab rate", len(texts) + 1) as (tally, page, trap),
    ):
        page.goto(served.url)
        expect(page.get_by_label("Rater")).to_have_value(rater)
        waiting = {squeezed(text) for text in texts}
        # some pairs are shown twice
        for _ in range(2 * len(texts)):
            ready(page)
            waiting.discard(squeezed(page.locator(".dwr-prompt").text_content() or ""))
            tally.faults += trap.elements(page)
            if not waiting:
                break
            page.keyboard.press("t")
            expect(page.locator(".dwr-status")).to_contain_text("Saved")
        tally.add("shown as text", len(texts) - len(waiting))
        tally.faults += [f"not on the page: {text}" for text in waiting]
    return tally


# -- the server -------------------------------------------------------------------------------------


def on_the_server(browser: Browser, folder: Path, texts: tuple[str, ...]) -> Iterator[Tally]:
    """The page at /ui, the documentation, and every answer that a browser would open as a page."""
    with Served(folder) as server:
        jobs = [
            server.ask(text, seed=number, steps=1)["job_id"] for number, text in enumerate(texts)
        ]
        sweep = {
            "name": "payloads",
            "base": SMALL | {"prompt": "{word}", "steps": 1},
            "axes": {"word": list(texts)},
        }
        server.http.post("/api/sweeps", json=sweep).raise_for_status()
        for job in jobs:
            server.wait(job)
        yield on_ui(browser, server, texts)
        yield on_answers(browser, server, jobs, texts)


def on_ui(browser: Browser, server: Served, texts: tuple[str, ...]) -> Tally:
    """As prompts in the gallery and as a recipe in the form, then as a scheduler, which is refused by name."""
    with trapped(browser, "the server's /ui", 3 * len(texts)) as (tally, page, _trap):
        page.goto(f"{server.url}/ui")
        expect(page.locator("#gallery figcaption")).to_have_count(len(texts))
        shown(page, texts, tally)
        prompt = page.get_by_label("Prompt", exact=True)
        for entry in page.locator("#gallery button").all():
            prompt.fill("")
            entry.click()
            page.get_by_role("button", name="Use recipe", exact=True).click()
            # once its recipe has arrived, the form is left alone
            expect(prompt).not_to_have_value("")
        prompt.fill("a star")
        for text in texts:
            # as from a stored recipe
            page.locator("#scheduler").evaluate(
                "(list, text) => list.add(new Option(text, text, true, true))", text
            )
            page.get_by_role("button", name="Draw").click()
            expect(page.locator("#status")).to_contain_text(squeezed(text)[:30])
    return tally


def on_answers(browser: Browser, server: Served, jobs: list[str], texts: tuple[str, ...]) -> Tally:
    """The documentation and JSON opened as pages, addresses made of payloads, and events."""
    with trapped(browser, "/docs and answers", 4 * len(texts) + len(jobs) + 3) as (
        tally,
        page,
        trap,
    ):
        places = [
            "/docs",
            "/openapi.json",
            "/api/jobs?limit=200",
            *(f"/api/status/{job}" for job in jobs),
        ]
        for text in texts:
            name = quote(text, safe="")
            places += [
                f"/{name}",
                f"/api/status/{name}",
                f"/images/{name}",
                f"/api/jobs?status={name}",
            ]
        for place in places:
            page.goto(f"{server.url}{place}")
            tally.faults += trap.elements(page)
        tally.add("pages opened", len(places))
    return tally


# -- notebooks --------------------------------------------------------------------------------------


def in_notebooks(browser: Browser, folder: Path, texts: tuple[str, ...]) -> Iterator[Tally]:
    """The sweep panel, the prompt bench and the benchmark panel, in JupyterLab."""
    folder.mkdir()
    sweep = {
        "name": "payloads",
        "base": SMALL | {"prompt": "{word}", "steps": 1},
        "axes": {"word": list(texts), "seed": [1]},
    }
    experiments = {"payloads": json.dumps(sweep)}
    for number, text in enumerate(texts):
        experiments[f"bench-{number}"] = json.dumps({"name": "b", "rounds": text})
    with Lab(folder, experiments, notebook=NOTEBOOKS[0]) as lab:
        for name in NOTEBOOKS[1:]:
            shutil.copy(ROOT / f"notebooks/{name}.ipynb", lab.project / "notebooks")
        yield in_the_sweep_panel(browser, lab, texts)
        yield in_the_prompt_bench(browser, lab, texts)
        yield in_the_benchmark_panel(browser, lab, texts)


@contextmanager
def opened(
    browser: Browser, lab: Lab, notebook: str, panel: str, number: int
) -> Iterator[tuple[Tally, Page]]:
    """A notebook that was run from top to bottom."""
    viewport = {"width": 1400, "height": 1600}
    with trapped(browser, f"{notebook}.ipynb", number, viewport=viewport) as (tally, page, _trap):
        lab.notebook = f"{notebook}.ipynb"
        lab.run_all(page, panel)
        yield tally, page


def in_the_sweep_panel(browser: Browser, lab: Lab, texts: tuple[str, ...]) -> Tally:
    """As values of a field, which are refused; then as prompts that are drawn, in all views."""
    with opened(browser, lab, "sweep", ".dwlab-sweep", 2 * len(texts)) as (tally, page):
        panel = page.locator(".dwlab-sweep")
        panel.get_by_label("Experiment", exact=True).select_option("payloads.yaml")
        expect(panel.locator(".dwp-plan")).to_contain_text(f"{len(texts)} pictures")
        steps = panel.get_by_label("steps", exact=True)
        before = steps.input_value()
        for text in texts:
            steps.fill(json.dumps(text))
            expect(panel.locator(".dwp-page .dwx-message:not(:empty)")).to_contain_text("steps is")
            tally.add("refused in words")
            steps.fill(before)
            expect(panel.locator(".dwp-page .dwx-message:not(:empty)")).to_have_count(0)
        steps.fill("1")
        expect(panel.locator(".dwp-plan")).to_have_attribute("data-state", "ready")
        panel.get_by_role("button", name="Run", exact=True).click()
        expect(panel.locator(".dwp-status")).to_contain_text("Done: ")
        for tab in ("Pictures", "Charts", "Table"):
            panel.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(500)
        expect(page.locator(".dwlab-view:visible tbody tr")).to_have_count(len(texts))
        shown(page, texts, tally)
    return tally


def in_the_prompt_bench(browser: Browser, lab: Lab, texts: tuple[str, ...]) -> Tally:
    """As prompts that are drawn and kept in the history, and as recipes of pictures that are dropped."""
    with opened(browser, lab, "explore", ".dwlab-explore", 2 * len(texts)) as (tally, page):
        bench = page.locator(".dwlab-explore")
        prompt = bench.get_by_label("Prompt", exact=True)
        for label, value in (("Steps", "1"), ("Width", "64"), ("Height", "64"), ("Seed", "1")):
            bench.get_by_label(label, exact=True).fill(value)
        bench.get_by_label("keep", exact=True).check()
        for text in texts:
            prompt.fill(text)
            prompt.press("Control+Enter")
            expect(page.locator(".dwx-common")).to_contain_text(squeezed(text))
            tally.add("drawn")
        for text in texts:
            data = pngs.picture(
                pngs.text("parameters", f"{text}\nSteps: 1, Seed: 1, Sampler: {text}")
            )
            picture = {"name": "x.png", "mimeType": "image/png", "buffer": data}
            page.get_by_label("Recipe from a picture").set_input_files(picture)
            expect(prompt).to_have_value(text)
            tally.add("read from pictures")
        expect(page.locator(".dwx-status")).to_contain_text("recipe")
    return tally


def in_the_benchmark_panel(browser: Browser, lab: Lab, texts: tuple[str, ...]) -> Tally:
    """As values of a benchmark's file, which are refused when it is run."""
    with opened(browser, lab, "benchmark", ".dwlab-bench", len(texts)) as (tally, page):
        panel = page.locator(".dwlab-bench").first
        for number, text in enumerate(texts):
            panel.get_by_label("Benchmark", exact=True).select_option(f"bench-{number}.yaml")
            expect(panel.locator(".dwx-message:not(:empty)")).to_contain_text(squeezed(text)[:30])
            tally.add("refused in words")
    return tally
