"""Rating in Chromium: by the keyboard, in several windows, after a kill, on a phone, and in JupyterLab."""

from __future__ import annotations

import json

import nbformat
import pytest
from lab import Lab
from playwright.sync_api import expect
from rated_folders import rated_folder
from rating_pages import SECONDS, RatingPage, ready, status
from sweep_tables import HOSTILE

from dwlab.store.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def root(tmp_path):
    return rated_folder(tmp_path / "results")


@pytest.fixture
def served(root):
    with RatingPage(root) as served:
        yield served


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1000, "height": 760})
    context.set_default_timeout(1000 * SECONDS)
    context.errors = []
    context.on("console", lambda m: context.errors.append(m.text) if m.type == "error" else None)
    context.on("weberror", lambda e: context.errors.append(str(e.error)))
    yield context
    context.close()


def opened(context, served):
    page = context.new_page()
    page.goto(served.url)
    ready(page)
    return page


def choices(root):
    with Store(root, read=True) as store:
        return [(vote.pair.rater, str(vote.choice)) for vote in store.votes.of("rated")]


def shown(page):
    return [page.get_by_alt_text(f"Picture {letter}").get_attribute("src") for letter in "AB"]


def test_the_keys_vote_skip_and_take_back(context, served, root):
    page = opened(context, served)
    for key, said in (
        ("ArrowLeft", "A is better. 1 vote."),
        ("ArrowRight", "B is better. 2 votes."),
        ("ArrowUp", "equal. 3 votes."),
        ("t", "equal. 4 votes."),
        ("s", "skip. 4 votes."),
    ):
        before = shown(page)
        page.keyboard.press(key)
        expect(status(page)).to_have_text(f"Saved: {said}")
        ready(page)
        assert shown(page) != before
    page.keyboard.press("z")
    expect(status(page)).to_have_text("The last vote is taken back. 4 votes.")
    assert [choice for _, choice in choices(root)] == ["left", "right", "tie", "tie"]
    assert context.errors == []


def test_a_vote_is_taken_back_while_it_is_being_saved(context, served, root):
    page = opened(context, served)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("z")
    expect(status(page)).to_have_text("The last vote is taken back. 0 votes.")
    ready(page)
    assert choices(root) == []


def test_buttons_have_names_and_can_be_used_with_the_tab_key(context, served, root):
    page = opened(context, served)
    names = page.locator("button").evaluate_all(
        "buttons => buttons.map((button) => button.ariaLabel)"
    )
    assert names == ["A is better", "Equal", "B is better", "Skip", "Undo"]
    page.get_by_role("button", name="B is better").focus()
    page.keyboard.press("Enter")
    expect(status(page)).to_have_text("Saved: B is better. 1 vote.")
    ready(page)
    expect(page.get_by_role("button", name="B is better")).to_be_focused()
    assert choices(root) == [("ada", "right")]


def test_typing_a_name_votes_for_nothing_and_another_rater_starts_anew(context, served, root):
    page = opened(context, served)
    page.keyboard.press("ArrowLeft")
    expect(status(page)).to_contain_text("1 vote.")
    name = page.get_by_label("Rater")
    name.fill("")
    name.press_sequentially("stz <b>")
    name.press("Enter")
    expect(status(page)).to_have_text("0 votes.")
    page.reload()
    ready(page)
    expect(name).to_have_value("stz <b>")
    page.keyboard.press("ArrowLeft")
    expect(status(page)).to_have_text("Saved: A is better. 1 vote.")
    assert choices(root) == [("ada", "left"), ("stz <b>", "left")]
    name.fill("\u202e")
    name.press("Enter")
    expect(status(page)).to_contain_text("control characters")
    expect(name).to_have_value("stz <b>")


def test_two_windows_of_one_rater_count_each_pair_once(context, served, root):
    first, second = opened(context, served), opened(context, served)
    first.keyboard.press("ArrowLeft")
    expect(status(first)).to_have_text("Saved: A is better. 1 vote.")
    second.keyboard.press("ArrowRight")
    expect(status(second)).to_contain_text("Another window has voted on this pair already")
    ready(second)
    assert choices(root) == [("ada", "left")]


def test_after_a_kill_nothing_that_was_shown_as_saved_is_lost(context, served, root):
    page = opened(context, served)
    for number in range(1, 4):
        page.keyboard.press("ArrowLeft")
        expect(status(page)).to_contain_text(f"Saved: A is better. {number} vote")
        ready(page)
    port = int(served.url.rpartition(":")[2])
    served.kill()
    page.keyboard.press("ArrowRight")
    expect(status(page)).to_contain_text("The server does not answer")
    served.start(port)
    page.keyboard.press("ArrowRight")
    expect(status(page)).to_contain_text("Saved: B is better. 4 votes.")
    page.reload()
    ready(page)
    page.keyboard.press("z")
    expect(status(page)).to_have_text("The last vote is taken back. 3 votes.")
    assert [choice for _, choice in choices(root)] == ["left"] * 3


@pytest.mark.parametrize(("width", "height"), [(390, 844), (900, 700), (1600, 900)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_are_as_large_as_the_window_allows_and_nothing_covers_them(
    browser, served, width, height, theme
):
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    page = context.new_page()
    page.goto(served.url)
    ready(page)
    boxes = [page.get_by_alt_text(f"Picture {letter}").bounding_box() for letter in "AB"]
    boxes += [page.locator("button").nth(at).bounding_box() for at in range(5)]
    boxes.append(page.locator(".dwr-prompt").bounding_box())
    for at, box in enumerate(boxes):
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert box["y"] >= 0 and box["y"] + box["height"] <= height
        assert not any(overlap(box, other) for other in boxes[at + 1 :])
    side = min(boxes[0]["width"], boxes[0]["height"])
    assert side > 0.72 * (
        min(width / 2, height - 100) if width > height else min(width, height / 2 - 90)
    )
    context.close()


def overlap(box, other):
    is_beside = box["x"] + box["width"] <= other["x"] or other["x"] + other["width"] <= box["x"]
    is_above = box["y"] + box["height"] <= other["y"] or other["y"] + other["height"] <= box["y"]
    return not (is_beside or is_above)


def test_hostile_prompts_are_text(context, tmp_path):
    root = rated_folder(tmp_path / "results", prompts=HOSTILE[:6], steps=(2, 5), seeds=1)
    dialogs = []
    context.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    seen = set()
    with RatingPage(root, rater='"><img src=x onerror=alert(1)>') as served:
        page = opened(context, served)
        while len(seen) < 6:
            seen.add(page.locator(".dwr-prompt").text_content())
            if len(seen) < 6:
                ready(page)
                page.keyboard.press("t")
                expect(status(page)).to_contain_text(f"{len(seen)} vote")
        assert page.locator("script").count() == 1
    assert seen == set(HOSTILE[:6])
    assert dialogs == []
    assert context.errors == []


def test_the_last_pair_ends_with_thanks(context, tmp_path):
    root = rated_folder(tmp_path / "results", prompts=("a",), steps=(2, 5), seeds=1)
    with RatingPage(root) as served:
        page = opened(context, served)
        page.keyboard.press("ArrowLeft")
        expect(status(page)).to_contain_text("You have seen all pairs")
        expect(page.get_by_role("button", name="Equal")).to_be_disabled()
        page.keyboard.press("z")
        ready(page)
    assert choices(root) == []


def test_the_same_view_rates_in_a_notebook(browser, tmp_path, root):
    code = f"import dwlab\ndwlab.rate('rated', rater='ada', results={json.dumps(str(root))})"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code)], metadata={"kernelspec": kernel}
    )
    (tmp_path / "lab").mkdir()
    with Lab(tmp_path / "lab", {}) as lab:
        nbformat.write(book, lab.project / "notebooks" / lab.notebook)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(1000 * SECONDS)
        lab.watch(page)
        lab.run_all(page, ".dwlab-rating")
        ready(page)
        page.locator(".dwlab-rating").focus()
        page.keyboard.press("ArrowLeft")
        expect(status(page)).to_have_text("Saved: A is better. 1 vote.")
        ready(page)
        page.keyboard.press("t")
        expect(status(page)).to_have_text("Saved: equal. 2 votes.")
        ready(page)
        page.keyboard.press("z")
        expect(status(page)).to_have_text("The last vote is taken back. 1 vote.")
        page.close()
        assert lab.outside == []
    assert choices(root) == [("ada", "left")]
