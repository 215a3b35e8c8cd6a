"""The viewer in Chromium: laid out, filtered, walked through by keys, and with hostile prompts."""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager

import pytest
from lab import SECONDS
from playwright.sync_api import expect
from sweep_tables import HOSTILE, sweep_table
from views.viewer.viewer_pages import viewer

from dwlab.views.viewer.document import document
from dwlab.views.viewer.page import VIEWER_SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
NOT_EMPTY = re.compile(r"\S")
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1400, "height": 900}
PROMPTS = ("a red circle", "a star", "a long prompt that says much of what is to be seen")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    return viewer(sweep_table(folder, PROMPTS, failed=(1,)), folder)


@contextmanager
def opened(browser, path, state="", **options):
    """The viewer in a page that may have no error and ask for nothing but files."""
    context = browser.new_context(**{"viewport": DESKTOP, "color_scheme": "light"} | options)
    page = context.new_page()
    page.set_default_timeout(1000 * SECONDS)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    own = ("file:", "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(own) else faults.append(r.url))
    page.goto(f"{path.as_uri()}#{state}")
    expect(page.locator(".dwv-cell").first).to_be_visible()
    yield page
    assert faults == []
    context.close()


def cells(page):
    return page.locator(".dwv-row:not([hidden]) .dwv-cell")


def labels(page, kind):
    return page.locator(f".dwv-grid .dwv-{kind}:not([hidden])")


def open_controls(page):
    for name in ("axes", "values"):
        page.locator(f".dwv-{name}").evaluate("details => { details.open = true }")


def test_axes_go_where_they_are_put(browser, path):
    with opened(browser, path) as page:
        open_controls(page)
        expect(labels(page, "row-label")).to_have_text(list(PROMPTS))
        expect(labels(page, "column-label")).to_have_text(["4", "8", "4", "8"])
        expect(labels(page, "column-group")).to_have_text(["guidance 1", "guidance 4"])
        page.get_by_label("Rows", exact=True).select_option("seed")
        expect(labels(page, "row-label")).to_have_text(["0", "1"])
        page.get_by_label("Pages", exact=True).select_option("prompt")
        expect(page.locator(".dwv-count")).to_contain_text("8 of 24 pictures")
        page.get_by_role("button", name="next page").click()
        expect(cells(page).first).to_have_accessible_name(
            "a star · steps 4 · guidance 1 · seed 0 · adherence 0.14"
        )


def test_chips_switch_values_off_and_a_filter_keeps_what_matches(browser, path):
    with opened(browser, path) as page:
        open_controls(page)
        page.get_by_role("button", name="steps 8").click()
        expect(page.locator(".dwv-count")).to_have_text("12 of 24 pictures")
        expect(labels(page, "column-label")).to_have_text(["4", "4"])
        page.get_by_label("Filter", exact=True).fill('guidance>1 "red circle" -seed:1')
        expect(page.locator(".dwv-count")).to_have_text("1 of 24 pictures")
        page.get_by_label("Filter", exact=True).fill("nothing>1")
        expect(page.get_by_role("alert")).to_have_text("There is no field called nothing.")
        page.get_by_label("Filter", exact=True).fill("prompt>1")
        expect(page.get_by_role("alert")).to_have_text(
            "prompt>1 compares no numbers; use = or : for words."
        )


def test_a_cell_shows_a_stack_or_one_picture(browser, path):
    with opened(browser, path) as page:
        open_controls(page)
        expect(cells(page).nth(1)).to_have_accessible_name(
            "2 pictures, the first: a red circle · steps 8 · guidance 1 · seed 0 · adherence 0.18"
        )
        page.get_by_label("In a cell: seed").select_option("1")
        expect(cells(page).nth(1)).to_have_accessible_name(
            "a red circle · steps 8 · guidance 1 · seed 1 · adherence 0.18"
        )


def test_a_wall_is_sorted_by_any_field(browser, path):
    with opened(browser, path) as page:
        open_controls(page)
        page.get_by_label("View", exact=True).select_option("wall")
        page.get_by_label("Sort", exact=True).select_option("adherence")
        expect(cells(page).first).to_have_accessible_name(
            "a red circle · steps 8 · guidance 4 · seed 0 · adherence 0.48"
        )
        page.get_by_role("button", name="highest first").click()
        expect(cells(page).first).to_have_accessible_name(
            "a red circle · steps 4 · guidance 1 · seed 0 · adherence 0.14"
        )


def test_keys_walk_open_compare_and_go_back(browser, path):
    with opened(browser, path) as page:
        page.locator(".dwv-grid").focus()
        expect(page.locator(".dwv-line")).to_contain_text("a red circle · steps 4 · guidance 1")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        expect(page.locator(".dwv-line")).to_contain_text("a star · steps 8 · guidance 1")
        page.keyboard.press("h")
        page.keyboard.press("Enter")
        full = page.locator(".dwv-full")
        expect(full).to_have_attribute(
            "alt", "a star · steps 8 · guidance 1 · seed 0 · adherence 0.18"
        )
        page.wait_for_function("document.querySelector('.dwv-full').naturalWidth === 64")
        page.keyboard.press("ArrowRight")
        expect(full).to_have_attribute(
            "alt", "a star · steps 4 · guidance 4 · seed 0 · adherence 0.44"
        )
        page.keyboard.press("c")
        rows = page.locator(".dwc-changes tbody tr")
        expect(rows.first).to_have_text("steps84")
        for key, mode in (("w", "wipe"), ("k", "blink"), ("d", "difference"), ("2", "two-up")):
            page.keyboard.press(key)
            expect(page.locator(f".dwc-pair.dwc-{mode} img").first).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".dwv-current")).to_have_count(1)
        expect(page.locator(".dwv-grid")).to_be_focused()


def compare(page):
    """Compare the first picture with the one below it, which has another prompt."""
    page.locator(".dwv-grid").focus()
    page.keyboard.press("h")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("c")
    expect(page.locator(".dwc-pair")).to_be_visible()


def test_what_changed_has_settings_and_metrics_but_not_when_and_how_fast(browser, tmp_path):
    table = sweep_table(tmp_path)
    count = len(table)
    table["created"] = [f"2026-01-01T00:00:{second:02}+00:00" for second in range(count)]
    for name in ("adherence", "seconds", "device_seconds", "load_seconds"):
        table[name] = [1.0 + number for number in range(count)]
    table["device"] = ["cpu", *["cuda:0"] * (count - 1)]
    with opened(browser, viewer(table, tmp_path)) as page:
        compare(page)
        names = page.locator(".dwc-changes tbody th")
        expect(names).to_have_text(["prompt", "adherence", "device"])


@pytest.mark.slow
def test_the_edge_of_the_wipe_is_dragged_on_the_picture(browser, path):
    with opened(browser, path) as page:
        compare(page)
        page.keyboard.press("w")
        frame = page.locator(".dwc-pane").first.bounding_box()
        middle = frame["y"] + frame["height"] / 2
        page.mouse.move(frame["x"] + 0.5 * frame["width"], middle)
        page.mouse.down()
        page.mouse.move(frame["x"] + 0.25 * frame["width"], middle, steps=3)
        page.mouse.up()
        wipe = page.get_by_label("Wipe between the two pictures")
        assert abs(float(wipe.input_value()) - 25) < 1
        page.locator(".dwc-pair").press("ArrowRight")
        assert abs(float(wipe.input_value()) - 27) < 1


@pytest.mark.slow
def test_two_pictures_zoom_and_move_together(browser, path):
    with opened(browser, path) as page:
        compare(page)
        transforms = """images => images.map((image) => getComputedStyle(image).transform)"""
        images = page.locator(".dwc-pane img")
        whole = images.evaluate_all(transforms)
        page.keyboard.press("+")
        zoomed = images.evaluate_all(transforms)
        page.locator(".dwc-pair").press("ArrowRight")
        moved = images.evaluate_all(transforms)
        assert len({*whole, *zoomed, *moved}) == 3
        for left, right in (whole, zoomed, moved):
            assert left == right
        page.keyboard.press("0")
        assert images.evaluate_all(transforms) == whole


@pytest.mark.slow
def test_words_that_differ_are_struck_out_or_underlined(browser, path):
    with opened(browser, path) as page:
        compare(page)
        words = page.locator(".dwc-words td")
        expect(words).to_have_text("a red circle star")
        expect(words.locator("del")).to_have_text("red circle")
        expect(words.locator("ins")).to_have_text("star")
        line = "element => getComputedStyle(element).textDecorationLine"
        assert words.locator("del").evaluate(line) == "line-through"
        assert words.locator("ins").evaluate(line) == "underline"


def test_the_link_keeps_the_state(browser, path):
    with opened(browser, path) as page:
        open_controls(page)
        page.get_by_label("Rows", exact=True).select_option("seed")
        page.get_by_role("button", name="steps 8").click()
        page.get_by_label("Theme", exact=True).select_option("dark")
        link = page.url
        page.reload()
        expect(labels(page, "row-label")).to_have_text(["0", "1"])
        expect(page.locator(".dwv-count")).to_have_text("12 of 24 pictures")
        state = link.partition("#")[2]
    with opened(browser, path, state) as page:
        expect(labels(page, "row-label")).to_have_text(["0", "1"])
        expect(page.locator("main")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize(
    "state",
    ["rows=nothing&size=9e9&off=a+b&at=-1+seed", "off=0,1+steps&open=zz", "%00%ff&theme=<b>"],
)
def test_a_link_that_makes_no_sense_is_no_error(browser, path, state):
    with opened(browser, path, "" if "0,1" in state else state) as page:
        page.goto(f"{path.as_uri()}#{state}")
        expect(page.locator(".dwv-count")).to_contain_text("of 24 pictures")


def test_a_link_means_the_same_values_after_the_sweep_has_grown(browser, path, tmp_path):
    with opened(browser, path) as page:
        open_controls(page)
        page.get_by_label("Rows", exact=True).select_option("steps")
        page.get_by_role("button", name="steps 8").click()
        page.get_by_label("Pages", exact=True).select_option("seed")
        page.get_by_role("button", name="next page").click()
        state = page.url.partition("#")[2]
    grown = viewer(sweep_table(tmp_path, PROMPTS, steps=(2, 4, 8), seeds=(7, 0, 1)), tmp_path)
    with opened(browser, grown, state) as page:
        expect(labels(page, "row-label")).to_have_text(["2", "4"])
        expect(page.get_by_label("seed", exact=True)).to_have_value("2")


@pytest.mark.parametrize("name", ["constructor", "__proto__", "<b>"])
def test_an_axis_may_have_any_name(browser, tmp_path, name):
    table = sweep_table(tmp_path)
    table[name] = [f"value {row % 3}" for row in range(len(table))]
    table.attrs["axes"] = {**table.attrs["axes"], name: ["value 0", "value 1", "value 2"]}
    file = viewer(table, tmp_path)
    # high enough for all rows: those out of sight are not drawn
    with opened(browser, file, viewport={"width": 1600, "height": 2400}) as page:
        open_controls(page)
        page.get_by_label("Rows", exact=True).select_option(name)
        page.get_by_role("button", name=f"{name} value 1").click()
        # once per prompt
        expect(labels(page, "row-label")).to_have_text(["value 0", "value 2"] * 2)
        page.get_by_label("Pages", exact=True).select_option(name)
        page.get_by_role("button", name="previous page").click()
        shown = page.locator(".dwv-count").text_content()
        state = page.url.partition("#")[2]
    with opened(browser, file, state) as page:
        expect(page.locator(".dwv-count")).to_have_text(shown)
        open_controls(page)
        chip = page.get_by_role("button", name=f"{name} value 1")
        expect(chip).to_have_attribute("aria-pressed", "false")


def test_choices_follow_their_values_while_a_sweep_runs(browser, tmp_path):
    documents = [
        document(sweep_table(tmp_path / str(number), steps=steps), "runs")
        for number, steps in enumerate([(8, 20), (4, 8, 20)])
    ]
    page = browser.new_page()
    page.add_script_tag(content=VIEWER_SCRIPT)
    off = page.evaluate(
        """([before, after]) => {
            const state = new ViewState(new Cells(before), () => {});
            state.set({ off: { steps: [0] }, at: { seed: 1 } });
            state.adopt(new Cells(after));
            return [state.off("steps"), state.at("seed")];
        }""",
        documents,
    )
    page.close()
    assert off == [[1], 1]


def test_a_recipe_is_copied_and_a_cell_for_a_notebook_is_offered(browser, path):
    options = {"permissions": ["clipboard-read", "clipboard-write"]}
    with opened(browser, path, **options) as page:
        cells(page).nth(1).click()
        page.get_by_role("button", name="Copy command").click()
        expect(page.locator(".dwv-news")).to_have_text("The command is copied.")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("dwlab generate --model=shapes") and copied.endswith(
            "-- 'a red circle'"
        )
        page.get_by_role("button", name="Open in the prompt bench").click()
        code = page.get_by_label("Code for a notebook")
        expect(code).to_contain_text("bench.show(dwlab.GenerationParams('a red circle'")
        page.get_by_role("button", name="Use as start").click()
        expect(code).to_contain_text('bench.start_picture.use_path(dwlab.Results().root / "images/')


def test_the_csv_has_the_rows_that_are_shown(browser, path, tmp_path):
    with opened(browser, path, "filter=steps%3E4&sort=guidance") as page:
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        download.value.save_as(tmp_path / "shown.csv")
    with (tmp_path / "shown.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert {row["steps"] for row in rows} == {"8"}
    assert {"key", "prompt", "guidance", "adherence", "state", "image"} <= rows[0].keys()


def test_hostile_prompts_are_shown_and_saved_and_never_run(browser, tmp_path):
    table = sweep_table(tmp_path, HOSTILE, steps=(4,), guidance=(1.0,), seeds=(0,), failed=(1,))
    with opened(browser, viewer(table, tmp_path), "flow=wall&colour=prompt") as page:
        open_controls(page)
        for number in range(len(HOSTILE)):
            cells(page).nth(number).click()
            shown = page.locator(".dwv-fact-value").first.text_content()
            assert shown == HOSTILE[number]
            page.get_by_role("button", name="Back to the grid").click()
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        download.value.save_as(tmp_path / "shown.csv")
        assert page.locator("main :is(script, iframe, svg, style, a)").count() == 0
    text = (tmp_path / "shown.csv").read_text("utf-8-sig")
    assert "\"'=cmd|'/c calc'!A0\"" in text


@pytest.mark.parametrize("viewport", [DESKTOP, {"width": 900, "height": 700}, PHONE], ids=str)
def test_nothing_lies_over_a_picture_and_no_label_is_clipped(browser, path, viewport):
    with opened(browser, path, viewport=viewport) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        covered = page.evaluate(COVERED)
        assert covered == []
        clipped = page.evaluate(CLIPPED)
        assert clipped == []


def test_every_control_has_a_name_and_a_focus_that_is_seen(browser, path):
    with opened(browser, path) as page:
        open_controls(page)
        controls = page.locator("main :is(button, select, input, summary):visible").all()
        assert len(controls) > 20
        for control in controls:
            expect(control).to_have_accessible_name(NOT_EMPTY)
            control.focus()
            expect(control).to_be_focused()
        page.locator(".dwv-filter").focus()
        page.keyboard.press("Tab")
        style = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(style) == "solid"


# pictures in the window whose middle or corners belong to another element
COVERED = """() => {
  const grid = document.querySelector('.dwv-grid').getBoundingClientRect();
  const head = document.querySelector('.dwv-head').getBoundingClientRect().bottom;
  const label = document.querySelector('.dwv-row-label').getBoundingClientRect().right;
  const wrong = [];
  for (const picture of document.querySelectorAll('.dwv-row:not([hidden]) .dwv-box')) {
    const box = picture.getBoundingClientRect();
    if (box.left < label || box.right > grid.right || box.top < head || box.bottom > grid.bottom) continue;
    for (const [x, y] of [[2, 2], [box.width - 2, 2], [box.width / 2, box.height / 2], [2, box.height - 2]])
      if (document.elementFromPoint(box.left + x, box.top + y) !== picture) wrong.push([x, y]);
  }
  return wrong;
}"""
# labels whose text is larger than the space that it has
CLIPPED = """() => [...document.querySelectorAll('.dwv-grid [role$=header]:not([hidden])')]
  .filter((label) => {
    const [text, box] = [label.querySelector('bdi').getBoundingClientRect(), label.getBoundingClientRect()];
    return text.height && (text.bottom > box.bottom + 1 || text.right > box.right + 1);
  }).map((label) => label.textContent)"""
