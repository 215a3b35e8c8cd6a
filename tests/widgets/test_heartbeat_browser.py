"""Every panel in JupyterLab after a reload, in a second page, and after a kernel restart."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import pytest
from lab import ROOT, SECONDS, Lab
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
LONG = """
base: {prompt: 'a {shape}', width: 64, height: 64, steps: 20}
axes: {shape: [ring, star], seed: {range: [0, 2000]}}
"""
ROUNDS = "rounds: 40\nbase: {size: 64, steps: 2, device: cpu}\nparity: none\n"
VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Panel:
    """Where a panel is on its page, and how a person fills it in. fields: label -> value."""

    notebook: str
    root: str
    fields: dict[str, str]
    status: str
    message: str


PANELS = [
    Panel(
        notebook="explore",
        root=".dwlab-explore",
        fields={"Steps": "900", "Width": "192", "Height": "192", "Prompt": "a star, left"},
        status=".dwx-status",
        message="of 900",
    ),
    Panel(
        notebook="sweep",
        root=".dwlab-sweep",
        fields={"Experiment": "long.yaml", "steps": "21"},
        status=".dwp-status",
        message=" rows · ",
    ),
    Panel(
        notebook="benchmark",
        root=".dwlab-bench",
        fields={"Benchmark": "bench-x.yaml"},
        status=".dwp-status",
        message="measurements",
    ),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with Lab(folder, {"long": LONG, "bench-x": ROUNDS}, notebook="explore") as lab:
        for name in ("sweep", "benchmark"):
            shutil.copy(ROOT / f"notebooks/{name}.ipynb", lab.project / "notebooks")
        yield lab


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    context.set_default_timeout(1000 * SECONDS)
    yield context
    context.close()


def field(page, panel, label):
    return page.locator(panel.root).get_by_label(label, exact=True)


def fill(page, panel):
    for label, value in panel.fields.items():
        control = field(page, panel, label)
        if control.evaluate("c => c.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)


def button(page, panel, name):
    return page.locator(f"{panel.root} button").filter(has_text=name).first


def until_saved(lab, panel, page):
    """Press Ctrl+S in a field of the panel until the notebook's file holds the panel's output."""
    path = lab.project / "notebooks" / f"{panel.notebook}.ipynb"
    for _ in range(SECONDS):
        field(page, panel, next(iter(panel.fields))).press("Control+s")
        page.wait_for_timeout(1000)
        if VIEW in path.read_text():
            return
    raise TimeoutError("Ctrl+S saved nothing")


def restart_kernel(page):
    page.click(".lm-MenuBar-itemLabel >> text='Kernel'")
    page.click('.lm-Menu-itemLabel >> text="Restart Kernel…"')
    page.click(".jp-Dialog-button.jp-mod-accept")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.notebook)
def test_a_panel_works_after_a_reload_in_a_second_page_and_after_a_restart(lab, context, panel):
    lab.notebook = f"{panel.notebook}.ipynb"
    first, second = context.new_page(), context.new_page()
    lab.run_all(first, shown=panel.root)
    fill(first, panel)
    expect(button(first, panel, "Run")).to_be_enabled()
    button(first, panel, "Run").click()
    expect(first.locator(panel.status)).to_contain_text(panel.message)
    until_saved(lab, panel, first)

    first.reload()
    # Two pages of JupyterLab that load at once can take each other for the same window.
    expect(first.locator(panel.status)).to_contain_text(panel.message)
    second.goto(
        f"{lab.url}/lab/workspaces/{panel.notebook}/tree/notebooks/{lab.notebook}?token={lab.token}"
    )
    for page in (second, first):
        expect(page.locator(panel.status)).to_contain_text(panel.message)
        button(page, panel, "Cancel").click()
        for shown in (first, second):
            expect(shown.locator(panel.status)).to_contain_text("Stopped")
        button(page, panel, "Run").click()
        expect(page.locator(panel.status)).to_contain_text(panel.message)
    expect(first.locator(".dwlab-heartbeat:not(:empty)")).to_have_count(0)

    restart_kernel(first)
    expect(first.locator("#jp-main-statusbar")).to_contain_text("Idle")
    for page in (first, second):
        # Some pages know already, and take no real click.
        button(page, panel, "Cancel").evaluate("b => b.click()")
        expect(page.locator(".dwlab-heartbeat").first).to_contain_text("run the cell again")
        assert button(page, panel, "Run").evaluate("b => b.inert")
    first.close()
    second.bring_to_front()
    lab.run_cells(second, shown=f"{panel.root}:not(.dwlab-gone)")
    for label, value in panel.fields.items():
        expect(field(second, panel, label)).to_have_value(value)
    button(second, panel, "Run").click()
    expect(second.locator(panel.status)).to_contain_text(panel.message)
    button(second, panel, "Cancel").click()
    expect(second.locator(panel.status)).to_contain_text("Stopped")
    second.close()
