"""The stage, the enlarged picture and the helps with prompts in real JupyterLab."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import expect
from widgets.explore.page_use import (
    PROMPT,
    ask,
    ask_long,
    button,
    captions,
    common_caption,
    done,
    field,
    new_page,
    run,
    status,
)

import dwlab

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
OWN = "document.title='owned'"
SHOWN = """image => {
  const { left, top, right, bottom } = image.getBoundingClientRect();
  const seen = [[left + 1, top + 1], [right - 1, bottom - 1], [(left + right) / 2, (top + bottom) / 2]];
  return seen.every(([x, y]) => document.elementFromPoint(x, y)?.closest("figure")?.contains(image));
}"""

# each character of some words stands to the right of the one before
IS_LEFT_TO_RIGHT = """(element, words) => {
  const text = element.firstChild;
  const start = text.data.indexOf(words);
  const lefts = [...words].map((_, index) => {
    const range = document.createRange();
    range.setStart(text, start + index);
    range.setEnd(text, start + index + 1);
    return range.getBoundingClientRect().left;
  });
  return lefts.every((left, index) => !index || left > lefts[index - 1]);
}"""


def tiles(page):
    return page.locator(".dwx-stage .dwx-open")


def dialog(page):
    return page.locator(".dwlab-explore dialog")


def large(page):
    """The picture that is open at full size."""
    return dialog(page).locator("img")


def to_top(page):
    page.locator(".dwlab-explore").evaluate("bench => bench.scrollIntoView()")


def make_several(page, count, seed=1):
    ask(page, seed=seed)
    field(page, "Pictures per run").fill(str(count))
    run(page)
    done(page, count)
    field(page, "Pictures per run").fill("1")


def test_a_single_picture_fills_the_stage_and_shows_its_pixels(page):
    ask(page, seed=3)
    run(page)
    to_top(page)
    picture = done(page).first
    expect(picture).to_have_class(re.compile("dwl-crisp"))
    size = picture.bounding_box()
    stage = page.locator(".dwx-view").bounding_box()
    assert size["width"] == pytest.approx(size["height"], abs=1)
    # as wide as the stage, or as high as the window leaves room for
    assert size["width"] > 0.9 * stage["width"] or size["height"] > 500
    page.wait_for_function(SHOWN, arg=picture.element_handle())
    expect(common_caption(page)).to_contain_text("seed 3, 2 steps")
    expect(captions(page)).to_have_text("")


def test_several_pictures_have_one_caption_and_say_what_differs(page):
    make_several(page, 4, seed=10)
    expect(captions(page)).to_have_text(["seed 10", "seed 11", "seed 12", "seed 13"])
    expect(common_caption(page)).to_have_text(f"{PROMPT} · 2 steps, guidance 3, DDIM, 64 × 64")
    boxes = [tile.bounding_box() for tile in tiles(page).all()]
    assert len({(box["width"], box["height"]) for box in boxes}) == 1
    assert boxes[1]["x"] - (boxes[0]["x"] + boxes[0]["width"]) == pytest.approx(8, abs=1)
    tiles(page).first.focus()
    page.keyboard.press("ArrowRight")
    expect(tiles(page).nth(1)).to_be_focused()
    expect(page.locator(".dwx-chosen figcaption")).to_have_text("seed 11")
    field(page, "Pictures per run").fill("5")
    tiles(page).nth(1).focus()
    page.keyboard.press("b")
    expect(field(page, "Seed")).to_have_value("11")
    expect(field(page, "Pictures per run")).to_have_value("5")
    expect(page.locator(".dwx-seed .dwx-tokens")).to_have_text("on the stage: 10 to 13")
    expect(tiles(page)).to_have_count(4)


def test_a_prompt_from_right_to_left_leaves_the_facts_after_it_as_they_are(page):
    ask(page, prompt="\u202eنجمة", seed=6)
    field(page, "Pictures per run").fill("1")
    run(page)
    done(page)
    expect(common_caption(page)).to_contain_text("seed 6, 2 steps")
    assert common_caption(page).evaluate(IS_LEFT_TO_RIGHT, "seed 6, 2 steps")
    expect(done(page).first).to_have_attribute("alt", re.compile("^\u2068نجمة\u2069 · seed 6"))


def test_a_picture_opens_large_and_arrows_walk_through_the_run(page):
    make_several(page, 3, seed=20)
    tiles(page).first.focus()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_be_visible()
    expect(dialog(page)).to_contain_text("1 of 3")
    expect(large(page)).to_have_attribute("alt", re.compile("seed 20"))
    for key, seed, place in (("ArrowRight", 21, 2), ("End", 22, 3), ("ArrowRight", 22, 3)):
        page.keyboard.press(key)
        expect(dialog(page)).to_contain_text(f"{place} of 3")
        expect(large(page)).to_have_attribute("alt", re.compile(f"seed {seed}"))
    fitting = large(page).bounding_box()["width"]
    page.keyboard.press("a")
    expect(large(page)).to_have_css("width", "64px")
    page.keyboard.press("+")
    expect(large(page)).to_have_css("width", "80px")
    page.keyboard.press("0")
    expect(large(page)).to_have_css("width", f"{fitting:g}px")
    # the focus stays in the dialog
    for _ in range(30):
        page.keyboard.press("Tab")
        inside = "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        assert page.evaluate(inside)
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    expect(tiles(page).nth(2)).to_be_focused()


def test_a_click_enlarges_also_what_is_still_forming(page):
    ask_long(page, seed=5)
    button(page, "Run").click()
    forming = page.locator(".dwx-forming img")
    expect(forming).to_be_visible()
    tiles(page).first.click()
    expect(large(page)).to_be_visible()
    before = large(page).get_attribute("src")
    expect(large(page)).not_to_have_attribute("src", before)
    expect(dialog(page).get_by_role("button", name="Save PNG")).to_be_hidden()
    dialog(page).get_by_role("button", name="Close").click()
    button(page, "Cancel").click()
    expect(captions(page)).to_have_text(re.compile(r"^stopped at step \d+ of 1000$"))
    expect(page.locator(".dwx-stopped img")).to_be_visible()
    expect(status(page)).to_have_text("Stopped.")


def test_the_file_of_a_large_picture_is_shown_and_saved_byte_for_byte(lab, page):
    ask(page, steps=1, seed=31)
    for side in ("Width", "Height"):
        field(page, side).fill("512")
    run(page)
    picture = done(page).first
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    row = dwlab.Results(lab.project / "results").table("explore").iloc[-1]
    stored = lab.project / "results" / row["image"]
    with page.expect_download() as saving:
        button(page, "Save PNG").first.click()
    assert saving.value.suggested_filename == stored.name
    assert Path(saving.value.path()).read_bytes() == stored.read_bytes()
    tiles(page).first.click()
    expect(large(page)).to_have_js_property("naturalWidth", 512)
    expect(large(page)).to_have_attribute("src", re.compile("^blob:"))
    with page.expect_download() as saving:
        page.keyboard.press("s")
    assert Path(saving.value.path()).read_bytes() == stored.read_bytes()
    page.keyboard.press("Escape")


def test_recipe_and_command_are_copied_and_a_picture_is_made_again(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, prompt=f"a 'star' <img src=x onerror={OWN}>", seed=41)
    run(page)
    done(page)
    actions = page.locator(".dwx-view .dwx-picture-actions")
    button(page, "Copy command").click()
    expect(actions).to_contain_text("The command is copied.")
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith("dwlab generate --model=shapes") and "--seed=41" in command
    tiles(page).first.click()
    page.keyboard.press("r")
    expect(dialog(page)).to_contain_text("The recipe is copied.")
    assert page.evaluate("navigator.clipboard.readText()").startswith("dwlab.generate(")
    page.keyboard.press("Escape")
    button(page, "Rerun").click()
    expect(status(page)).to_have_text("Made again: exactly the same picture.")
    assert page.title() != "owned"


def test_earlier_prompts_come_back_with_the_up_arrow(page):
    for number, prompt in enumerate(("an old ring", "a new star")):
        ask(page, prompt=prompt, steps=1, seed=50 + number)
        run(page)
    prompt = field(page, "Prompt")
    prompt.fill("what I type")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("a new star")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("an old ring")
    prompt.press("ArrowDown")
    prompt.press("ArrowDown")
    expect(prompt).to_have_value("what I type")
    prompt.fill("two\nlines")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("two\nlines")
    prompt.press("ArrowUp")
    expect(prompt).to_have_value("a new star")
    prompt.press("Escape")
    expect(prompt).to_have_value("two\nlines")


def test_snippets_and_styles_are_saved_and_used(lab, page):
    name = f"<img src=x onerror={OWN}>"
    helps = page.locator(".dwx-helps")
    helps.evaluate("details => { details.open = true; }")
    prompt = field(page, "Prompt")

    def save(kind, text):
        prompt.fill(text)
        field(page, "Name to save the prompt under").fill(name)
        button(page, f"Save as {kind}").click()

    save("style", "no place")
    expect(helps.locator(".dwx-message")).to_contain_text("{prompt}")
    save("style", "a photograph of {prompt}, soft")
    # what is saved empties the field, which would take the next name away
    expect(field(page, "Name to save the prompt under")).to_have_value("")
    save("snippet", f"<script>{OWN}</script>")
    expect(helps.locator(".dwx-saved button").filter(has_text=name)).to_have_count(2)
    prompt.fill("a ring")
    button(page, name).nth(1).click()
    expect(prompt).to_have_value("a photograph of a ring, soft")
    prompt.fill("a ring")
    prompt.press("End")
    button(page, name).first.click()
    expect(prompt).to_have_value(f"a ring, <script>{OWN}</script>")
    assert (lab.project / "results/prompts.json").is_file()
    button(page, f"Forget style {name}").click()
    expect(helps.locator(".dwx-saved button").filter(has_text=name)).to_have_count(1)
    helps.locator("summary").click()
    assert page.title() != "owned"


def test_ctrl_and_an_arrow_give_a_word_a_weight(page):
    ask(page, prompt="a red ring", seed=60)
    prompt = field(page, "Prompt")
    prompt.press("End")
    for expected in ("a red (ring:1.1)", "a red (ring:1.2)"):
        prompt.press("Control+ArrowUp")
        expect(prompt).to_have_value(expected)
    expect(page.locator(".dwx-more")).to_contain_text("weights in prompts")
    for expected in ("a red (ring:1.1)", "a red ring", "a red (ring:0.9)"):
        prompt.press("Control+ArrowDown")
        expect(prompt).to_have_value(expected)
    run(page)
    done(page)
    page.get_by_role("button", name=re.compile("^Leave out weights")).click()
    expect(page.locator(".dwx-more")).to_be_hidden()


def test_on_a_narrow_page_prompt_run_and_picture_are_seen_at_once(tmp_path, browser):
    with Lab(tmp_path, {}, notebook="explore") as lab:
        page = new_page(browser, lab)
        page.set_viewport_size({"width": 900, "height": 900})
        lab.run_all(page, ".dwlab-explore")
        settings = page.locator(".dwx-settings")
        expect(settings).not_to_have_attribute("open", "")
        expect(field(page, "Steps")).to_be_hidden()
        field(page, "Prompt").fill(PROMPT)
        run(page)
        picture = done(page).first
        # JupyterLab's own bars and its file browser are there too
        page.wait_for_function(SHOWN, arg=picture.element_handle())
        # writing into the prompt scrolled the page only so far that most of it is seen
        page.locator(".dwlab-explore").evaluate("bench => bench.scrollIntoView({block: 'start'})")
        for element in (field(page, "Prompt"), button(page, "Run"), picture):
            expect(element).to_be_in_viewport(ratio=0.99)
        assert picture.bounding_box()["width"] >= 300
        settings.locator("> summary").click()
        field(page, "Steps").fill("0")
        expect(settings.locator("> summary")).to_contain_text("1 to correct")
        field(page, "Steps").fill("2")
        settings.locator("> summary").click()
        page.set_viewport_size({"width": 1400, "height": 900})
        expect(field(page, "Steps")).to_be_visible()
        page.close()
