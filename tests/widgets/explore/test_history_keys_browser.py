"""Keys on the history, as fast as a person presses them, while the kernel answers late."""

import re

import pytest
from lab import Lab
from playwright.sync_api import expect
from widgets.explore.page_use import (
    SLOW_ANSWERS,
    answers_take,
    button,
    expect_history,
    field,
    new_page,
    press_fast,
    settled,
    thumbnails,
)

from dwlab.bench.large_history import fill

pytestmark = pytest.mark.slow
PICTURES = 240
NEWEST = PICTURES - 4  # the seed of the first picture: runs have four pictures, the newest is first


@pytest.fixture(scope="module")
def keys_lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    with Lab(folder, {}, notebook="explore") as lab:
        fill(lab.project / "results", PICTURES)
        yield lab


@pytest.fixture(scope="module")
def keys_page(browser, keys_lab):
    page = new_page(browser, keys_lab)
    page.add_init_script(SLOW_ANSWERS)
    keys_lab.run_all(page, ".dwlab-explore")
    expect_history(page, PICTURES)
    button(page, "Grid").click()
    yield page
    page.close()


@pytest.fixture
def page(keys_page):
    """The page with the whole history, the keyboard at its first picture, and a slow kernel."""
    page = keys_page
    answers_take(page, 0)
    search = field(page, "Search prompts and notes")
    search.fill("")
    search.press("Enter")
    expect_history(page, PICTURES)
    settled(page)
    thumbnails(page).first.focus()
    page.keyboard.press("Control+Home")
    expect_keyboard_at(page, NEWEST)
    answers_take(page, 300)
    yield page
    answers_take(page, 0)
    settled(page)


def expect_keyboard_at(page, seed):
    focused = page.locator(".dwx-thumb:focus")
    expect(focused).to_have_accessible_name(re.compile(rf"seed {seed}\b"))


def expect_selected(page, *seeds):
    expect(page.locator(".dwx-selection")).to_contain_text(f"{len(seeds)} selected")
    for seed in seeds:
        expect(thumbnail(page, seed)).to_have_attribute("aria-selected", "true")


def thumbnail(page, seed):
    name = re.compile(rf"seed {seed}\b")
    return page.get_by_role("gridcell").filter(has=page.get_by_role("button", name=name))


def clear(page):
    page.keyboard.press("Escape")
    expect(page.locator(".dwx-selection")).to_be_hidden()


def test_pictures_are_selected_as_fast_as_keys_come(page):
    press_fast(page, "Space", "ArrowRight", "Space", "ArrowRight", "Space", "ArrowRight")
    expect_keyboard_at(page, NEWEST + 3)
    expect_selected(page, NEWEST, NEWEST + 1, NEWEST + 2)
    clear(page)


def test_the_keyboard_stays_at_its_picture_while_others_are_listed(page):
    press_fast(page, "r", "ArrowRight", "ArrowRight", "Space")
    expect(page.locator(".dwx-history-count")).to_have_text(f"4 of {PICTURES}")
    settled(page)
    expect_keyboard_at(page, NEWEST + 2)
    expect_selected(page, NEWEST + 2)
    press_fast(page, "r", "ArrowLeft", "Space", "ArrowLeft", "Space")
    expect_history(page, PICTURES)
    settled(page)
    expect_keyboard_at(page, NEWEST)
    expect_selected(page, NEWEST, NEWEST + 1, NEWEST + 2)
    clear(page)


def test_keys_for_a_picture_that_is_on_its_way_act_when_it_is_here(page):
    press_fast(page, "r", "r")
    settled(page)
    press_fast(page, "Control+End", "Space", "ArrowLeft", "Space", "Control+Home", "Space")
    expect(page.locator(".dwx-selection")).to_contain_text("3 selected")
    press_fast(page, "Control+End")
    for seed in (2, 3):
        expect(thumbnail(page, seed)).to_have_attribute("aria-selected", "true")
    clear(page)


def test_each_h_hides_another_picture_and_is_taken_back(page):
    press_fast(page, "h", "h", "h")
    count = page.locator(".dwx-history-count")
    expect(count).to_have_text(f"{PICTURES - 3} pictures")
    settled(page)
    expect_keyboard_at(page, NEWEST + 3)
    press_fast(page, "Control+z", "Control+z", "Control+z")
    expect_history(page, PICTURES)


def test_the_last_picture_of_a_search_is_hidden_and_taken_back(page):
    search = field(page, "Search prompts and notes")
    search.fill("number 59")
    search.press("Enter")
    expect(page.locator(".dwx-history-count")).to_have_text(f"4 of {PICTURES}")
    settled(page)
    press_fast(page, "h", "h", "h", "h")
    expect(page.locator(".dwx-history-count")).to_have_text(re.compile("^0 of"))
    settled(page)
    press_fast(page, "Control+z", "Control+z", "Control+z", "Control+z")
    expect(page.locator(".dwx-history-count")).to_have_text(f"4 of {PICTURES}")
    settled(page)
    expect(page.locator(".dwx-thumb:focus")).to_have_count(1)


def test_a_pin_that_is_pressed_twice_is_no_pin(page):
    press_fast(page, "ArrowRight", "p", "p", "5")
    expect(thumbnail(page, NEWEST + 1).get_by_role("button")).to_have_accessible_name(
        re.compile("5 of 5 stars")
    )
    settled(page)
    expect_keyboard_at(page, NEWEST + 1)
    assert "pinned" not in page.evaluate("document.activeElement.ariaLabel")


def test_a_note_is_typed_at_once_and_the_keyboard_is_back_at_its_picture(page):
    press_fast(page, "ArrowRight", "n", *"sharp hands", "Enter", "ArrowRight", "Space")
    noted = thumbnail(page, NEWEST + 1).get_by_role("button")
    expect(noted).to_have_accessible_name(re.compile("note: sharp hands"))
    settled(page)
    expect_keyboard_at(page, NEWEST + 2)
    expect_selected(page, NEWEST + 2)
    expect_history(page, PICTURES)
    clear(page)


def test_a_comparison_has_the_keys_at_once(page):
    press_fast(page, "Enter", "ArrowRight", "c", "d")
    comparison = page.get_by_role("region", name="Comparison")
    difference = comparison.get_by_role("button", name="Difference")
    expect(difference).to_have_attribute("aria-pressed", "true")
    expect(comparison.locator(".dwc-captions")).to_contain_text(f"seed {NEWEST + 1}")
    press_fast(page, "Escape", "ArrowRight")
    expect(comparison).to_be_hidden()
    expect_keyboard_at(page, NEWEST + 2)


def test_all_pictures_but_one_are_selected(page):
    press_fast(page, "Control+a", "Space", "ArrowRight")
    expect(page.locator(".dwx-selection")).to_contain_text(f"{PICTURES - 1} selected")
    expect_keyboard_at(page, NEWEST + 1)
    clear(page)


def test_what_was_hidden_is_not_selected_when_the_kernel_was_busy(page):
    busy(page, seconds=1)
    press_fast(page, "Space", "ArrowRight", "Space", "h", "Space")
    expect(page.locator(".dwx-history-count")).to_have_text(f"{PICTURES - 1} pictures")
    settled(page)
    expect_selected(page, NEWEST, NEWEST + 2)
    press_fast(page, "Control+z")
    expect_history(page, PICTURES)
    expect_selected(page, NEWEST, NEWEST + 2)
    clear(page)


def test_the_focus_stays_when_the_bar_of_the_selection_goes(page):
    press_fast(page, "Space")
    clear_button = button(page, "Clear")
    clear_button.focus()
    press_fast(page, "Enter", "ArrowRight")
    expect_keyboard_at(page, NEWEST + 1)


def busy(page, seconds):
    """Let the kernel compute something else for a while."""
    code = f"import time; time.sleep({seconds})"
    page.evaluate(
        """code => {
          const panel = window.jupyterapp.shell.currentWidget;
          panel.sessionContext.session.kernel.requestExecute({ code });
        }""",
        code,
    )


def test_a_click_is_for_the_picture_on_which_it_began(page):
    box = thumbnail(page, NEWEST - 3).get_by_role("button").bounding_box()
    press_fast(page, "End", "r")
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.keyboard.down("Control")
    page.mouse.down()
    expect(page.locator(".dwx-history-count")).to_have_text(f"4 of {PICTURES}")
    page.wait_for_timeout(1_000)  # as long as other pictures may take to come
    page.mouse.up()
    page.keyboard.up("Control")
    expect(page.locator(".dwx-selection")).to_contain_text("1 selected")
    page.keyboard.press("r")
    expect_history(page, PICTURES)
    settled(page)
    expect_selected(page, NEWEST - 3)
    clear(page)
