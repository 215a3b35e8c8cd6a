"""Keys on the prompt bench that come before the kernel's answer to those before; see `test_history_keys_browser.py`."""

import re

import pytest
from playwright.sync_api import expect
from widgets.explore.bench_use import ask
from widgets.linked_page import LinkedPage

import dwlab
from dwlab.bench.large_history import fill
from dwlab.models.tokens import count_tokens

pytestmark = pytest.mark.browser
PICTURES = 12  # in runs of four, each with a prompt of its own


@pytest.fixture(scope="module")
def tab(browser):
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    yield page
    page.close()


@pytest.fixture(scope="module", autouse=True)
def tokenizers_are_loaded():
    """Threads of two benches that load them for the first time get into each other's way."""
    count_tokens("shapes", "a star")


@pytest.fixture
def bench(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    fill(tmp_path / "results", PICTURES)
    monkeypatch.chdir(tmp_path)
    bench = dwlab.explore()
    yield bench
    bench.close()


@pytest.fixture
def linked(bench, tab):
    return LinkedPage(tab, bench)


def tile(number):
    facts = {"seed": f"seed {number}"}
    return {"key": "", "src": "", "text": f"picture {number}", "state": "waiting", "facts": facts}


def test_each_arrow_up_is_an_earlier_prompt(linked, tab):
    prompt = tab.get_by_label("Prompt", exact=True)
    prompt.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown"):
        tab.keyboard.press(key)
    linked.exchange()
    expect(prompt).to_have_value(re.compile("number 1$"))


def test_parts_of_a_recipe_are_left_out_one_after_the_other(bench, linked, tab):
    parts = [{"name": name, "words": name} for name in ("eta", "moon", "clip_skip")]
    bench.extras = parts
    linked.exchange()
    tab.get_by_role("button", name="Leave out moon").focus()
    bench.extras = [parts[0], parts[2]]
    linked.exchange()
    expect(tab.get_by_role("button", name="Leave out clip_skip")).to_be_focused()
    bench.extras = parts[:1]
    linked.exchange()
    expect(tab.get_by_role("button", name="Leave out eta")).to_be_focused()


def test_the_focus_is_on_the_stage_when_a_run_has_fewer_pictures(bench, linked, tab):
    bench.stage = [tile(number) for number in range(3)]
    linked.exchange()
    tiles = tab.locator(".dwx-open")
    tiles.nth(2).focus()
    bench.stage = [tile(3)]
    linked.exchange()
    expect(tiles).to_have_count(1)
    expect(tiles).to_be_focused()


def test_the_focus_is_in_the_history_when_there_is_nothing_left_to_undo(bench, linked, tab):
    while bench.listing["undo"]:
        ask(bench, "undo")
    ask(bench, "mark", keys=bench.gallery.keys()[:1], mark="stars", value=5)
    linked.exchange_until(tab.locator(".dwx-thumb").count)
    tab.get_by_role("button", name="Undo 5 stars").press("Enter")
    linked.exchange()
    expect(tab.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
    expect(tab.locator(".dwx-thumb:focus")).to_have_count(1)


def test_the_focus_stays_where_somebody_types_when_a_sweep_is_wrong(linked, tab):
    tab.locator(".dwx-sweep > summary").click()
    tab.get_by_label("Vary Steps").check()
    values = tab.get_by_label("Values of Steps")
    values.fill("soon")
    tab.get_by_role("button", name="Plan", exact=True).click()
    prompt = tab.get_by_label("Prompt", exact=True)
    prompt.focus()
    linked.exchange_until(lambda: values.get_attribute("aria-invalid") == "true")
    expect(prompt).to_be_focused()
