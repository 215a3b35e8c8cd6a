"""The sweep panel in real JupyterLab and a real headless browser, with hostile text too."""

from __future__ import annotations

import json
import re

import pytest
from lab import SECONDS, Lab, seen
from playwright.sync_api import expect
from widgets.explore.page_use import save_notebook

import dwlab

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>{{x}}"
)
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

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), {"tiny": TINY, "long": LONG}) as lab:
        yield lab


@pytest.fixture(scope="module")
def page(lab, browser):
    """The notebook, opened and run from top to bottom."""
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    page = context.new_page()
    page.set_default_timeout(1000 * SECONDS)
    lab.watch(page)
    lab.run_all(page)
    yield page
    context.close()


def rows(lab, name):
    return dwlab.Results(lab.project / "results").table(name)


def button(page, name):
    return page.locator(".dwlab-sweep").get_by_role("button", name=name, exact=True)


def show(page, tab):
    page.locator(".dwlab-sweep").get_by_role("tab", name=tab).click()
    return page.locator(".dwlab-view:visible")


def pick(page, experiment):
    page.get_by_label("Experiment", exact=True).select_option(experiment)


def row(page, name):
    return page.locator(f'.dwp-row[data-row="{name}"]')


def values(page, name):
    """The values in a row's list."""
    return [chip.input_value() for chip in row(page, name).locator(".dwp-chip input").all()]


def plan(page):
    return page.locator(".dwp-plan")


def status(page):
    return page.locator(".dwp-status")


def message(page):
    return page.locator(".dwp-page .dwx-message:not(:empty)")


def test_a_person_picks_edits_runs_and_sees_a_sweep(lab, page):
    pick(page, "tiny.yaml")
    expect(plan(page)).to_contain_text("4 pictures")
    expect(plan(page)).to_contain_text("to do4")
    expect(plan(page).locator(".dwp-facts")).to_have_css("display", "grid")

    steps = row(page, "steps").get_by_label("Add a value of steps")
    steps.fill("2000")
    expect(message(page)).to_contain_text("steps[2] is 2000; allowed: ")
    expect(row(page, "steps").locator('[aria-invalid="true"]')).to_have_count(1)
    expect(button(page, "Run")).to_be_disabled()
    steps.fill("3, 5")
    steps.press("Enter")
    expect(row(page, "steps").locator(".dwp-chip")).to_have_count(4)
    assert values(page, "steps") == ["1", "2", "3", "5"]
    steps.press("Backspace")
    page.keyboard.press("Control+a")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    expect(row(page, "steps").locator(".dwp-chip")).to_have_count(3)
    expect(plan(page)).to_contain_text("6 pictures")
    expect(message(page)).to_have_count(0)

    pictures = show(page, "Pictures")
    expect(pictures).to_contain_text("No pictures yet")
    button(page, "Run").click()
    expect(status(page)).to_contain_text("Done: 6 made now, 0 already there")
    expect(page.locator(".dwp-answer strong")).to_contain_text("adherence")
    expect(plan(page)).to_contain_text("done6")
    expect(pictures.locator(".dwv-count")).to_have_text("6 of 6 pictures")
    seen(show(page, "Charts").locator("img.dwlab-light"), 5)
    assert (lab.project / "results/tiny/table.csv").is_file()
    for label in ("Report", "Viewer"):
        with page.context.expect_page() as opened:
            page.get_by_role("link", name=label, exact=True).click()
        expect(opened.value.locator("h1").first).to_contain_text("tiny")
        opened.value.close()
    assert set(rows(lab, "tiny")["status"]) == {"ok"} and len(rows(lab, "tiny")) == 6
    assert lab.outside == []


def test_the_table_sorts_filters_and_shows_a_picture_large(page):
    table = show(page, "Table")
    expect(table.locator("tbody tr")).to_have_count(6)
    order = table.get_by_role("columnheader", name="steps").get_by_role("button")
    order.click()
    order.click()
    expect(table.locator('th[aria-sort="descending"]')).to_have_text("steps ▼")
    expect(table.locator("tbody tr").first.locator("td").nth(2)).to_have_text("3")
    table.get_by_label("Filter rows").fill("steps<3")
    expect(table.locator("tbody tr")).to_have_count(4)
    expect(table.get_by_text("4 of 6 pictures")).to_be_visible()
    table.locator(".dwt-open").first.click()
    seen(table.locator(".dwt-full"), 1)
    table.get_by_label("Filter rows").fill("")
    expect(table.locator("tbody tr:not(.dwt-detail)")).to_have_count(6)


def test_hostile_text_is_shown_and_not_run(lab, page):
    pick(page, "long.yaml")
    pick(page, "tiny.yaml")  # with its own values again, not those of another test
    expect(plan(page)).to_contain_text("4 pictures")
    name = page.get_by_label("Name", exact=True)
    for field, before in (
        (row(page, "steps").get_by_label("Add a value of steps"), ""),
        (row(page, "model").get_by_label("model", exact=True), "shapes"),
        (name, "tiny"),
    ):
        field.fill(HOSTILE)
        expect(message(page)).to_contain_text("<img src=x")
        field.fill(before)
        expect(message(page)).to_have_count(0)
    expect(plan(page)).to_have_attribute("data-state", "ready")
    button(page, "Run").click()
    expect(plan(page)).to_contain_text("done4")
    expect(status(page)).to_contain_text("Done: ")
    expect(show(page, "Table").locator("tbody")).to_contain_text(HOSTILE)
    expect(show(page, "Pictures").locator(".dwv-row-label").nth(1)).to_have_text(HOSTILE)
    seen(show(page, "Charts").locator("img.dwlab-light"), 5)
    assert "owned" not in page.title()
    assert page.locator('img[src="x"]').count() == 0
    assert lab.outside == []


@pytest.mark.slow
def test_axes_are_added_changed_and_removed_and_a_second_tab_sees_it(lab, page):
    pick(page, "long.yaml")
    expect(row(page, "seed")).to_have_attribute("data-kind", "range")
    page.get_by_label("Parameter to vary").fill("call.eta")
    page.get_by_label("Parameter to vary").press("Enter")
    expect(row(page, "call.eta").get_by_label("Add a value of call.eta")).to_be_focused()
    assert values(page, "call.eta") == ["0", "1"]
    expect(plan(page)).to_contain_text("2,000 pictures")
    page.get_by_label("How scheduler varies").select_option("list")
    row(page, "scheduler").get_by_label("Pick a value of scheduler").select_option("Heun")
    expect(row(page, "scheduler").locator(".dwp-chip")).to_have_count(3)
    page.get_by_label("How seed varies").select_option("value")
    expect(plan(page)).to_contain_text("12 pictures")
    page.get_by_label("Name", exact=True).press("Control+s")
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    other = page.context.new_page()
    other.goto(f"{lab.url}/lab/workspaces/other/tree/notebooks/sweep.ipynb?token={lab.token}")
    other.locator('.dwp-row[data-row="call.eta"]').wait_for()
    assert values(other, "scheduler") == ["DDIM", "Euler", "Heun"]
    other.get_by_role("button", name="Remove call.eta").click()
    expect(row(page, "call.eta")).to_have_count(0)
    expect(plan(page)).to_contain_text("6 pictures")
    other.close()


@pytest.mark.slow
def test_cancel_stops_and_run_goes_on(lab, page):
    pick(page, "tiny.yaml")
    pick(page, "long.yaml")
    expect(plan(page)).to_contain_text("1,000 pictures")
    pictures = show(page, "Pictures")
    button(page, "Run").click()
    expect(button(page, "Run")).to_be_disabled()
    expect(status(page)).to_have_text(
        re.compile(r"[1-9]\d*/1,000 pictures, .+ rows · .+ so far · about .+ left")
    )
    expect(pictures.locator(".dwv-cell").first).to_be_visible()  # it grows while it runs
    share = page.get_by_label("Progress", exact=True)
    assert 0 < share.evaluate("bar => bar.value") < 1
    button(page, "Cancel").click()
    expect(status(page)).to_contain_text("Run continues from here")
    expect(button(page, "Run")).to_be_enabled()
    before = rows(lab, "long").set_index("key")["created"]
    assert 0 < len(before) < 1000
    assert (
        f"Stopped: {len(before)} made now, 0 already there, {1000 - len(before)} left"
        in status(page).inner_text()
    )
    assert (lab.project / "results/long/report.html").is_file()

    button(page, "Run").click()
    expect(status(page)).to_have_text(re.compile(rf"[1-9]\d*/{1000 - len(before)} pictures, .*"))
    button(page, "Cancel").click()
    expect(status(page)).to_contain_text("Run continues from here")
    after = rows(lab, "long").set_index("key")["created"]
    assert len(after) > len(before)
    assert after[before.index].equals(before)
    assert lab.outside == []


def test_every_control_has_a_label(page):
    controls = ".dwlab-sweep :is(input, select, textarea, button):visible"
    for control in page.locator(controls).all():
        expect(control).to_have_accessible_name(re.compile(r"\S"))
    for image in page.locator(".dwlab-sweep img:visible").all():
        assert image.get_attribute("alt")


@pytest.mark.slow
def test_workers_come_on_the_page_and_are_there_after_a_reload(lab, page):
    pick(page, "long.yaml")
    pick(page, "tiny.yaml")  # with its own values again, not those of another test
    expect(plan(page)).to_contain_text("4 pictures")
    where = page.get_by_label("Where", exact=True)
    where.fill("cpu*2")
    page.get_by_label("Name", exact=True).fill("by-workers")
    page.get_by_label("seed", exact=True).fill("7")  # pictures that no other test has made
    row(page, "steps").get_by_label("Add a value of steps").fill("30, 40, 50, 60, 70")
    expect(plan(page)).to_contain_text("14 pictures")
    expect(plan(page)).to_contain_text("with 2 workers")
    where.press("Control+Enter")
    workers = page.get_by_role("list", name="Workers").get_by_role("listitem")
    expect(workers).to_have_count(2)
    expect(workers.first).to_contain_text("cpu:")
    save_notebook(page)
    page.goto(f"{lab.url}/lab/tree/notebooks/{lab.notebook}?token={lab.token}")
    expect(workers).to_have_count(2)
    expect(status(page)).to_contain_text("Done: 14 made now")
    expect(page.locator(".dwp-crew")).to_contain_text("the run is over")
    assert set(rows(lab, "by-workers")["worker"]) <= {"cpu:0", "cpu:1"}
    where.fill("cpu*many")
    expect(message(page)).to_contain_text("where is 'cpu*many'")
    where.fill("local")
    expect(message(page)).to_have_count(0)
    assert lab.outside == []
