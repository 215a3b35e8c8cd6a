"""The prompt bench in real JupyterLab, real Notebook 7 and a real headless browser."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from lab import seen
from playwright.sync_api import expect
from widgets.explore.page_use import (
    PROMPT,
    ask,
    ask_long,
    button,
    captions,
    common_caption,
    done,
    expect_history,
    field,
    history_count,
    make,
    open_sweep_form,
    run,
    save_notebook,
    status,
    thumbnails,
    vary,
)

import dwlab

OWN = "document.title='owned'"
HOSTILE = [
    f"<script>{OWN}</script>",
    f'<img src=x onerror="{OWN}">',
    f"<svg onload={OWN}>",
    f'"><script>{OWN}</script>',
    f"'><img src=x onerror={OWN}>",
    f"<iframe srcdoc='<script>parent.{OWN}</script>'>",
    f"<body onload={OWN}>",
    f"<details open ontoggle={OWN}>",
    f'<a href="javascript:{OWN}">x</a>',
    f"javascript:{OWN}",
    f"${{{OWN}}}",
    f"{{{{constructor.constructor('{OWN}')()}}}}",
    f"</textarea><script>{OWN}</script>",
    f"</title><script>{OWN}</script>",
    f"<style>@import 'http://evil.example/{OWN}'</style>",
    f"<video><source onerror={OWN}>",
    f"<math><mi xlink:href='javascript:{OWN}'>",
    f"<input autofocus onfocus={OWN}>",
    f"&lt;script&gt;{OWN}&lt;/script&gt;",
    f"<!--><script>{OWN}</script-->",
]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_an_empty_bench_says_how_to_begin(page):
    expect(page.locator(".dwx-stage")).to_contain_text("Ctrl+Enter")


def test_ctrl_enter_makes_a_picture_that_can_be_seen_forming(lab, page):
    ask_long(page)
    expect(page.locator(".dwx-prompt .dwx-tokens")).to_have_text("7 of 75 tokens")
    field(page, "Prompt").press("Control+Enter")
    forming = page.locator(".dwx-forming img")
    first = forming.get_attribute("src")
    expect(forming).not_to_have_attribute("src", first)  # it changes while it forms
    expect(status(page)).to_have_text(re.compile(r"Step \d+ of 1000, about .+ left"))
    button(page, "Cancel").click()
    expect(status(page)).to_contain_text("Stopped")
    ask(page)
    make(page, lambda: field(page, "Prompt").press("Control+Enter"))
    done(page)
    expect(status(page)).to_contain_text("Done in")
    table = dwlab.Results(lab.project / "results").table("explore")
    assert list(table["prompt"]) == [PROMPT]
    assert lab.outside == []


def test_a_repeated_recipe_comes_from_the_store(page):
    ask(page, seed=6)
    run(page)
    run(page)
    expect(status(page)).to_contain_text("taken from the store")
    expect(captions(page)).to_have_text("from the store")


def test_cancel_stops_the_run_and_empties_the_queue(page):
    ask_long(page, seed=2)
    button(page, "Run").click()
    expect(button(page, "Queue")).to_be_visible()
    field(page, "Steps").fill("3")
    expect(status(page)).to_contain_text("Step")
    button(page, "Queue").click()
    expect(status(page)).to_contain_text("1 more waiting")
    button(page, "Cancel").click()
    expect(button(page, "Run")).to_be_visible()
    expect(status(page)).to_contain_text("Stopped")
    ask(page, seed=2)
    run(page)
    done(page)


def test_an_accelerator_is_chosen_with_the_keyboard_and_a_wrong_setting_keeps_the_run_back(page):
    ask(page, seed=31)
    page.locator(".dwx-less > summary").press("Enter")
    field(page, "deep_cache").press("Space")
    setting = field(page, "Setting of deep_cache")
    expect(setting).to_have_value("3")
    setting.fill("99")
    ways = page.locator(".dwx-ways").get_by_role("alert")
    expect(ways.filter(has_text="A whole number from 1 to 20.")).to_be_visible()
    expect(button(page, "Run")).to_be_disabled()
    setting.fill("2")
    expect(page.locator(".dwx-less > summary")).to_contain_text("deep_cache 2: about 50% of the")
    run(page)
    done(page)
    expect(common_caption(page)).to_contain_text("deep_cache 2")
    field(page, "deep_cache").press("Space")
    expect(setting).to_be_hidden()
    expect(page.locator(".dwx-less > summary")).to_contain_text("none")


def test_a_picture_in_the_history_can_be_restored_marked_and_hidden(page):
    entries = thumbnails(page)
    before = history_count(page)
    ask(page, steps=2, seed=77)
    run(page)
    done(page)
    expect_history(page, before + 1)
    ask(page, prompt="something else", steps=9, seed=5)
    entries.first.click()
    expect(field(page, "Prompt")).to_have_value(PROMPT)
    expect(field(page, "Steps")).to_have_value("2")
    expect(field(page, "Seed")).to_have_value("77")
    button(page, "4 of 5 stars").click()
    expect(entries.first).to_have_accessible_name(re.compile("4 of 5 stars"))
    field(page, "Note").press_sequentially("the best")
    field(page, "Note").press("Enter")
    expect(entries.first).to_have_accessible_name(re.compile("note: the best"))
    page.locator(".dwx-detail").get_by_role("button", name="Hide").click()
    expect_history(page, before)
    button(page, "Undo hiding 1 picture").click()
    expect_history(page, before + 1)


@pytest.mark.parametrize("seed", [2**53 + 1, 2**63 - 1])
def test_a_seed_that_a_browser_would_round_is_kept_exactly(lab, page, seed):
    ask(page, prompt="a large seed", seed=seed)
    run(page)
    expect(common_caption(page)).to_contain_text(f"seed {seed}")
    ask(page, prompt="a large seed", seed=1)
    thumbnails(page).first.click()
    expect(field(page, "Seed")).to_have_value(str(seed))
    run(page)
    expect(status(page)).to_contain_text("taken from the store")
    make(page, vary(page, "seed").click)
    expect(captions(page).nth(1)).to_have_text(f"seed {(seed + 1) % 2**63}")
    table = dwlab.Results(lab.project / "results").table("explore")
    made = set(table[table["prompt"] == "a large seed"]["seed"])
    assert {seed, *((seed + k) % 2**63 for k in range(1, 5))} <= made


def test_two_pictures_are_compared_with_shift_and_a_click_and_closed_with_escape(page):
    for prompt, steps in ((PROMPT, 2), ("a large green star at the left", 3)):
        ask(page, prompt=prompt, steps=steps, seed=7)
        run(page)
    expect(thumbnails(page).first).to_have_accessible_name(re.compile("green star.*3 steps"))
    thumbnails(page).first.click(modifiers=["Shift"])
    thumbnails(page).nth(1).click(modifiers=["Shift"])
    comparison = page.get_by_role("region", name="Comparison")
    seen(comparison.locator(".dwc-pane img"), 2)
    expect(comparison).to_be_focused()
    expect(comparison.locator(".dwc-bar").first).to_be_in_viewport(ratio=1)
    rows = comparison.locator(".dwc-changes tbody tr")
    expect(rows).to_have_text(["Prompta large green red star at the left", "Steps32"])
    expect(rows.first.locator("del")).to_have_text("green")
    expect(rows.first.locator("ins")).to_have_text("red")
    comparison.get_by_role("button", name="Swap").click()
    expect(rows.first.locator("ins")).to_have_text("green")
    comparison.locator(".dwc-pair").press("Escape")
    expect(comparison).to_be_hidden()


def test_vary_makes_a_row_of_neighbours(page):
    ask(page, seed=20)
    run(page)
    expect(common_caption(page)).to_contain_text("seed 20")
    done(page)
    make(page, vary(page, "seed").click)
    done(page, 5)  # the base is the first of them
    others = [f"seed {20 + k}" for k in range(1, 5)]
    expect(captions(page)).to_have_text(["seed 20 base", *others])
    expect(common_caption(page)).to_have_text(f"{PROMPT} · 2 steps, guidance 3, DDIM, 64 × 64")


def test_the_keyboard_focus_stays_when_the_page_is_painted_again(page):
    for seed in (30, 31):
        ask(page, steps=2, seed=seed)
        run(page)
    done(page)
    expect(thumbnails(page).first).to_have_accessible_name(re.compile("seed 31"))
    entry = thumbnails(page).nth(1)
    entry.focus()
    entry.press("Enter")  # restores, which paints the strip and the stage again
    expect(entry).to_be_focused()
    expect(entry).to_have_accessible_name(re.compile("chosen"))
    star = button(page, "3 of 5 stars")
    star.focus()
    star.press("Enter")
    expect(entry).to_have_accessible_name(re.compile("3 of 5 stars"))
    expect(star).to_be_focused()


def test_a_dropped_png_fills_the_controls(page, tmp_path):
    size = {"steps": 2, "width": 64, "height": 64}
    dwlab.generate(PROMPT, seed=12, device="cpu", **size).save(tmp_path / "star.png")
    ask(page, prompt="before", steps=9, seed=1)
    page.get_by_label("Recipe from a picture").set_input_files(tmp_path / "star.png")
    expect(status(page)).to_contain_text("The recipe of the picture is in the controls.")
    expect(field(page, "Prompt")).to_have_value(PROMPT)
    expect(field(page, "Steps")).to_have_value("2")
    page.get_by_label("Recipe from a picture").set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(page.locator(".dwx-actions .dwx-message")).to_contain_text("not a readable PNG")


def test_loras_and_other_parts_of_a_recipe_are_shown_and_left_out_one_by_one(lab, page, tmp_path):
    loras = [
        {"file": "shapes-moon", "weight": 0.5, "name": name} for name in ("moon", f"x{HOSTILE[1]}")
    ]
    size = {"steps": 1, "width": 64, "height": 64}
    recipe = {"loras": loras, "call": {"eta": 0.5}, "scheduler": "DDIM", "long_prompt": "chunk"}
    dwlab.generate("a moon", device="cpu", **size, **recipe).save(tmp_path / "moon.png")
    page.get_by_label("Recipe from a picture").set_input_files(tmp_path / "moon.png")
    expect(field(page, "Prompt")).to_have_value("a moon")
    extras = page.locator(".dwx-more li")
    expect(extras).to_have_count(4)
    expect(page.locator(".dwx-more")).to_contain_text("LoRA moon 0.5")
    expect(page.locator(".dwx-more")).to_contain_text("eta 0.5")
    leave_out = page.get_by_role("button", name=re.compile("^Leave out LoRA x<img"))
    leave_out.focus()
    leave_out.press("Enter")
    expect(extras).to_have_count(3)
    ask(page, prompt="a moon", steps=1, seed=3)
    run(page)
    done(page)
    expect(extras).to_have_count(3)
    row = dwlab.Results(lab.project / "results").table("explore").iloc[-1]
    assert [lora["name"] for lora in json.loads(row["loras"])] == ["moon"]
    assert json.loads(row["call"]) == {"eta": 0.5}
    assert row["long_prompt"] == "chunk"
    assert page.title() != "owned"
    for left in (2, 1, 0):
        page.get_by_role("button", name=re.compile("^Leave out")).first.click()
        expect(extras).to_have_count(left)
    expect(page.locator(".dwx-more")).to_be_hidden()


def test_wrong_values_are_reported_and_nothing_runs(page):
    ask(page)
    field(page, "Steps").fill("0")
    expect(page.locator(".dwx-steps .dwx-message")).to_have_text("A whole number from 1 to 1000.")
    expect(button(page, "Run")).to_be_disabled()
    field(page, "Steps").fill("2")
    expect(button(page, "Run")).to_be_enabled()
    field(page, "Steps").fill("")
    field(page, "Steps").press_sequentially("2e")  # no number, which the browser gives as nothing
    expect(page.locator(".dwx-steps .dwx-message")).to_have_text("A whole number from 1 to 1000.")
    field(page, "Steps").fill("2")
    field(page, "Prompt").fill("star " * 100)
    expect(page.locator(".dwx-prompt .dwx-message")).to_contain_text("Not read by the encoder: ")
    assert page.locator(".dwx-prompt mark").inner_text().split() == ["star"] * 25


def test_sweep_this_plans_writes_and_runs(lab, page):
    ask(page, seed=3)
    open_sweep_form(page)
    field(page, "Name of the sweep").fill("from-the-bench")
    field(page, "Vary Steps").check()
    field(page, "Values of Steps").fill("1, 2, 3")
    button(page, "Plan").click()
    expect(page.locator(".dwx-counts")).to_contain_text("3 cells")
    button(page, "Write the experiment").click()
    expect(page.locator(".dwx-planned code")).to_have_text(
        "dwlab sweep experiments/from-the-bench.yaml"
    )
    written = dwlab.Sweep.from_yaml(lab.project / "experiments/from-the-bench.yaml")
    assert [cell.params.steps for cell in written.cells()] == [1, 2, 3]
    assert yaml.safe_load((lab.project / "experiments/from-the-bench.yaml").read_text())[
        "axes"
    ] == {"steps": [1, 2, 3]}
    button(page, "Run it here").click()
    expect(status(page)).to_contain_text("from-the-bench is done")
    seen(page.locator(".dwx-sheet:visible"), 1)
    assert (lab.project / "results/from-the-bench/report.html").is_file()
    expect(page.locator(".dwx-sweep-line")).to_contain_text("from-the-bench is done")
    button(page, "Plan").click()
    expect(page.locator(".dwx-counts")).to_contain_text("3 done")
    field(page, "Values of Steps").fill("zero")
    expect(page.locator(".dwx-planned")).to_be_empty()  # it was of other values
    button(page, "Plan").click()
    expect(page.locator('[data-axis="steps"] .dwx-message')).to_contain_text("is 'zero'; allowed")
    expect(field(page, "Values of Steps")).to_be_focused()
    expect(field(page, "Values of Steps")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".dwx-planned")).to_be_empty()
    expect(page.locator(".dwx-actions .dwx-message")).to_be_empty()


def test_an_error_in_the_sweep_form_is_visible_until_a_field_changes(page):
    ask_long(page, seed=3)
    open_sweep_form(page)
    field(page, "Name of the sweep").fill("with-an-error")
    field(page, "Vary Steps").check()
    field(page, "Values of Steps").fill("1, 2")
    expect(page.locator('[data-axis="steps"] .dwx-message')).to_be_empty()
    field(page, "Vary Negative prompt").check()
    field(page, "Values of Negative prompt").fill("blurry, dark\nlow quality, cropped")
    button(page, "Plan").click()
    expect(page.locator(".dwx-counts")).to_contain_text("4 cells")
    field(page, "Name of the sweep").fill("../x")
    expect(page.locator(".dwx-planned")).to_be_empty()
    button(page, "Write the experiment").click()
    expect(field(page, "Name of the sweep")).to_be_focused()
    message = page.locator(".dwx-sweep .dwx-message:not(:empty)")
    expect(message).to_contain_text("name is '../x'")
    expect(message).to_be_in_viewport()
    field(page, "Name of the sweep").fill("long-one")
    field(page, "Vary Negative prompt").uncheck()
    field(page, "Values of Steps").fill("900, 1000")
    button(page, "Run it here").click()
    expect(page.locator(".dwx-sweep-line")).to_contain_text("long-one: ")
    button(page, "Cancel the sweep").click()
    expect(page.locator(".dwx-sweep-line")).to_contain_text("Stopped")
    expect(button(page, "Cancel the sweep")).to_be_disabled()


def test_hostile_prompts_are_shown_and_not_run(lab, page):
    for k, prompt in enumerate(HOSTILE):
        ask(page, prompt=prompt, steps=1, seed=k)
        make(page, lambda: field(page, "Prompt").press("Control+Enter"))
        expect(common_caption(page)).to_contain_text(" ".join(prompt.split()))
    assert "owned" not in page.title()
    assert (
        page.locator(
            '.dwlab-explore img[src="x"], .dwlab-explore script, .dwlab-explore iframe'
        ).count()
        == 0
    )
    assert lab.outside == []


def test_a_reload_shows_the_same_bench_again(lab, page):
    open_sweep_form(page)
    field(page, "Name of the sweep").fill("of-the-reload")
    field(page, "Vary Steps").check()
    field(page, "Values of Steps").fill("zero")
    ask(page, prompt="a green ring", steps=2, seed=9)
    run(page)
    expect(common_caption(page)).to_contain_text("a green ring")
    done(page)
    entries = history_count(page)
    save_notebook(page)
    page.goto(f"{lab.url}/lab/tree/notebooks/explore.ipynb?token={lab.token}")
    page.wait_for_selector(".dwlab-explore")
    expect(field(page, "Prompt")).to_have_value("a green ring")
    expect(field(page, "Seed")).to_have_value("9")
    expect_history(page, entries)
    expect(field(page, "Name of the sweep")).to_have_value("of-the-reload")
    expect(field(page, "Values of Steps")).to_have_value("zero")
    expect(field(page, "Vary Steps")).to_be_checked()
    page.wait_for_function(
        "label => label.getBoundingClientRect().height > 30",
        arg=field(page, "Prompt").element_handle(),
    )
    done(page)
    ask(page, prompt="a green ring", steps=2, seed=10)  # and it still works
    run(page)
    expect(common_caption(page)).to_contain_text("seed 10")
    assert lab.outside == []


def test_every_control_has_a_name_and_can_be_reached(page):
    for control in page.locator(".dwlab-explore :is(input, select, textarea, button)").all():
        name = control.evaluate(
            "c => c.ariaLabel || c.title || c.textContent || [...(c.labels || [])].map(l => l.textContent).join()"
        )
        assert name.strip()
        # of several pictures one can be reached with Tab, the others with the arrow keys
        if not control.evaluate("c => Boolean(c.closest('.dwx-stage, .dwx-gallery'))"):
            assert control.evaluate("c => c.tabIndex") >= 0
    for image in page.locator(".dwlab-explore img").all():
        assert image.get_attribute("alt")
