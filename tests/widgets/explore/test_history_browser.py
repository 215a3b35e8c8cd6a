"""A long history on the page of the prompt bench, in real JupyterLab and a real browser."""

import re

import pytest
from lab import Lab, seen
from playwright.sync_api import expect
from widgets.explore.page_use import (
    button,
    expect_history,
    field,
    new_page,
    press_fast,
    save_notebook,
    settled,
    thumbnails,
)

from dwlab.bench.large_history import fill

pytestmark = pytest.mark.slow
PICTURES = 1_000
HAS_FOCUS = "name => document.activeElement.ariaLabel?.includes(name)"
HEADS_ARE_WHOLE = """() => {
  const heads = [...document.querySelectorAll(".dwx-run-head > button")];
  return heads.length > 0 && heads.every((head) => head.scrollWidth <= head.clientWidth);
}"""


@pytest.fixture(scope="module")
def long_lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    with Lab(folder, {}, notebook="explore") as lab:
        fill(lab.project / "results", PICTURES)
        yield lab


@pytest.fixture(scope="module")
def long_page(browser, long_lab):
    page = new_page(browser, long_lab)
    long_lab.run_all(page, ".dwlab-explore")
    expect_history(page, PICTURES)
    yield page
    page.close()


def expect_listed(page, count):
    expect(page.locator(".dwx-history-count")).to_have_text(f"{count:,} of {PICTURES:,}")


def focused_name(page):
    return page.evaluate("document.activeElement.ariaLabel")


def test_only_what_is_seen_is_on_the_page_and_it_is_one_tab_stop(long_page):
    for layout in ("Strip", "Grid"):
        button(long_page, layout).click()
        expect(button(long_page, layout)).to_have_attribute("aria-pressed", "true")
        expect(thumbnails(long_page).locator("img[src]").first).to_be_visible()
        assert thumbnails(long_page).count() < 150
        expect(long_page.locator(".dwx-thumb[tabindex='0']")).to_have_count(1)
        expect(long_page.locator(".dwx-gallery input[tabindex='0']")).to_have_count(0)


@pytest.mark.parametrize("size", [48, 96])
def test_the_head_of_a_run_is_never_cut(long_page, size):
    button(long_page, "Strip").click()
    field(long_page, "Size of the pictures").fill(str(size))
    heads = long_page.locator(".dwx-run-head > button")
    expect(heads.first).to_have_attribute("title", re.compile(r"\d · 4 seeds: only this run"))
    long_page.wait_for_function(HEADS_ARE_WHOLE)


def test_the_keyboard_walks_to_the_last_picture_and_back(long_page):
    button(long_page, "Grid").click()
    long_page.locator(".dwx-thumb[tabindex='0']").focus()
    long_page.keyboard.press("Control+End")
    # the grid shows the newest run first
    long_page.wait_for_function("document.activeElement.ariaLabel.includes('seed 3')")
    assert re.search("number 0 .*seed 3", focused_name(long_page))
    long_page.keyboard.press("ArrowLeft")
    assert re.search("number 0 .*seed 2", focused_name(long_page))
    long_page.keyboard.press("Control+Home")
    long_page.wait_for_function("document.activeElement.ariaLabel.includes('number 249')")
    long_page.keyboard.press("r")
    expect_listed(long_page, 4)
    long_page.wait_for_function("document.activeElement.className === 'dwx-thumb'")
    long_page.keyboard.press("r")
    expect_history(long_page, PICTURES)


def test_a_search_and_a_filter_leave_what_they_name(long_page):
    field(long_page, "Search prompts and notes").fill("STAR 24")
    field(long_page, "Search prompts and notes").press("Enter")
    expect(thumbnails(long_page).first).to_have_accessible_name(re.compile("star.*number 24"))
    long_page.locator(".dwx-history-filters summary").click()
    field(long_page, "Filter by model").select_option("sd15")
    field(long_page, "Search prompts and notes").fill("")
    expect_listed(long_page, 336)
    button(long_page, "Reset").click()
    expect_history(long_page, PICTURES)


def test_pictures_are_selected_hidden_and_shown_again_with_keys(long_page):
    settled(long_page)
    thumbnails(long_page).first.focus()
    press_fast(long_page, "Control+Home", "Space", "Control+End", "Space")
    long_page.wait_for_function(HAS_FOCUS, arg="seed 3")
    bar = long_page.get_by_role("group", name="Selected pictures")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Hide").click()
    expect(bar).to_be_hidden()
    expect(long_page.locator(".dwx-history-count")).to_contain_text(f"{PICTURES - 2:,}")
    long_page.keyboard.press("Control+z")
    expect_history(long_page, PICTURES)


def test_a_reload_has_the_same_view_and_selection(long_page):
    button(long_page, "Grid").click()
    field(long_page, "Search prompts and notes").fill("circle")
    expect_listed(long_page, 200)
    thumbnails(long_page).first.click(modifiers=["Control"])
    expect(long_page.locator(".dwx-selection")).to_contain_text("1 selected")
    save_notebook(long_page)
    long_page.reload()
    long_page.wait_for_selector(".dwlab-explore")
    expect_listed(long_page, 200)
    expect(button(long_page, "Grid")).to_have_attribute("aria-pressed", "true")
    expect(long_page.locator(".dwx-selection")).to_contain_text("1 selected")
    button(long_page, "Clear").click()
    seen(thumbnails(long_page).first.locator("img"), 1)
