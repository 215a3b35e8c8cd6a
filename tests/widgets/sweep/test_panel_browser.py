"""The sweep panel in real JupyterLab and a real headless browser, with hostile text too."""

from __future__ import annotations

import json
import re

import pytest
from lab import SECONDS, Lab, seen
from playwright.sync_api import expect

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
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.set_default_timeout(1000 * SECONDS)
    lab.watch(page)
    lab.run_all(page)
    yield page
    page.close()


def rows(lab, name):
    return dwlab.Results(lab.project / "results").table(name)


def button(page, name):
    return page.locator(".dwlab-sweep button", has_text=name)


def show(page, tab):
    page.locator(".dwlab-sweep").get_by_role("tab", name=tab).click()
    return page.locator(".dwlab-view:not(.dwlab-answer):visible")


def pick(page, experiment):
    page.get_by_label("experiment").select_option(experiment)


def plan(page):
    return page.locator(".dwlab-plan")


def status(page):
    return page.locator(".dwlab-sweep .dwlab-status[role=status]")


def message(page):
    return page.locator(".dwlab-sweep .dwlab-message")


def test_a_person_picks_edits_runs_and_sees_a_sweep(lab, page):
    pick(page, "tiny.yaml")
    expect(plan(page)).to_contain_text("4 cells · 0 done · 4 to do")

    page.get_by_label("steps").fill("[1, 2000]")
    expect(message(page)).to_contain_text("steps[1] is 2000; allowed: ")
    expect(button(page, "Run")).to_be_disabled()
    page.get_by_label("steps").fill("[1, 2, 3]")
    expect(plan(page)).to_contain_text("6 cells · 0 done · 6 to do")
    expect(message(page)).to_have_count(0)

    grid = show(page, "Grid")
    expect(grid).to_contain_text("No pictures yet")
    button(page, "Run").click()
    expect(status(page)).to_contain_text("Done: 6 made now, 0 already there")
    expect(plan(page)).to_contain_text("6 cells · 6 done · 0 to do")
    expect(grid.locator(".dwv-count")).to_have_text("6 of 6 pictures")
    table = show(page, "Table")
    expect(table.locator("tbody tr")).to_have_count(6)
    seen(table.locator("img"), 6)
    seen(show(page, "Plots").locator("img.dwlab-light"), 5)
    for name in ("report.html", "table.csv", "grid.png", "run.log"):
        expect(show(page, "Files")).to_contain_text(str(lab.project / "results/tiny" / name))
        assert (lab.project / "results/tiny" / name).is_file()
    assert set(rows(lab, "tiny")["status"]) == {"ok"} and len(rows(lab, "tiny")) == 6

    assert lab.outside == []


def test_hostile_text_is_shown_and_not_run(lab, page):
    pick(page, "long.yaml")
    pick(page, "tiny.yaml")  # with its own values again, not those of another test
    expect(plan(page)).to_contain_text("4 cells")
    for label in ("steps", "scheduler", "name"):
        field = page.get_by_label(label, exact=True)
        before = field.input_value()
        field.fill(HOSTILE)
        expect(message(page)).to_contain_text("<img src=x")
        field.fill(before)
        expect(message(page)).to_have_count(0)
    button(page, "Run").click()
    expect(plan(page)).to_contain_text("4 cells · 4 done · 0 to do")
    expect(button(page, "Run")).to_be_enabled()
    expect(status(page)).to_contain_text("Done: ")
    expect(show(page, "Table").locator("tbody")).to_contain_text(HOSTILE)
    expect(show(page, "Grid").locator(".dwv-row-label").nth(1)).to_have_text(HOSTILE)
    seen(show(page, "Plots").locator("img.dwlab-light"), 5)
    assert "owned" not in page.title()
    assert page.locator('img[src="x"]').count() == 0
    assert lab.outside == []


@pytest.mark.slow
def test_cancel_stops_and_run_goes_on(lab, page):
    pick(page, "long.yaml")
    expect(plan(page)).to_contain_text("1,000 cells · 0 done · 1,000 to do")
    grid = show(page, "Grid")
    button(page, "Run").click()
    expect(button(page, "Run")).to_be_disabled()
    expect(status(page)).to_have_text(
        re.compile(r"[1-9]\d*/1,000 pictures, .+ rows · .+ so far · about .+ left")
    )
    expect(grid.locator(".dwv-cell").first).to_be_visible()  # it grows while it runs
    bar = page.locator(".dwlab-sweep .progress-bar")
    expect(bar).to_have_attribute("style", re.compile(r"width: (?!0%|100%)[\d.]+%"))
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
    for control in page.locator(".dwlab-sweep :is(input, select, textarea):visible").all():
        expect(control).to_have_accessible_name(re.compile(r"\S"))
    for image in page.locator(".dwlab-sweep img:visible").all():
        assert image.get_attribute("alt")
