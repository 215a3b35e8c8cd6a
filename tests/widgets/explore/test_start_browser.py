"""A start picture and a painted mask on the prompt bench, in real JupyterLab and a real browser."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from playwright.sync_api import expect
from widgets.explore.page_use import button, done, field, run, save_notebook

import dwlab
from dwlab.pictures import inputs

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  return transfer;
}"""
HOSTILE_NAME = "<img src=x onerror=document.title='owned'>.jpg"


def drop(page, image, on=".dwx-start"):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    data = base64.b64encode(buffer.getvalue()).decode()
    transfer = page.evaluate_handle(DROP, [HOSTILE_NAME, data])
    page.locator(on).dispatch_event("drop", {"dataTransfer": transfer})


def thumbnails(page):
    return page.locator(".dwx-start-row img")


def canvas(page):
    return page.get_by_label("Mask over the start picture")


IS_PAINTED = """([canvas, painted, blank]) => {
  const at = ([x, y]) => canvas.getContext("2d")
    .getImageData(x * canvas.width, y * canvas.height, 1, 1).data[3] > 127;
  return painted.every(at) && !blank.some(at);
}"""


def expect_mask(page, *, painted=None, blank=None):
    """Wait until the mask is painted at one point and not at another, in shares of its sides."""
    points = [[point] if point else [] for point in (painted, blank)]
    page.wait_for_function(IS_PAINTED, arg=[canvas(page).element_handle(), *points])


def drag(page, *points):
    box = canvas(page).bounding_box()
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def swipe(page, *points):
    """Draw with a finger."""
    box = canvas(page).bounding_box()
    fingers = page.context.new_cdp_session(page)
    for index, (x, y) in enumerate(points):
        place = {"x": box["x"] + box["width"] * x, "y": box["y"] + box["height"] * y}
        kind = "touchMove" if index else "touchStart"
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def newest(lab):
    return dwlab.Results(lab.project / "results").table("explore").iloc[-1]


def test_a_dropped_picture_is_painted_on_and_made_anew_there(lab, page):
    image = dwlab.generate("a red star", seed=1, steps=4).image
    field(page, "Prompt").fill("a green ring")
    field(page, "Steps").fill("3")
    field(page, "keep").check()
    drop(page, image)
    expect(thumbnails(page)).to_have_count(1)
    expect(field(page, "Width")).to_have_value("")
    expect(field(page, "Prompt")).to_have_value("a green ring")
    field(page, "Strength (0 to 1)").fill("0.9")
    button(page, "Paint a mask").click()
    expect(canvas(page)).to_be_focused()
    drag(page, (0.2, 0.2), (0.2, 0.8))
    expect_mask(page, painted=(0.2, 0.5), blank=(0.8, 0.5))
    page.get_by_label("Invert the mask").click()
    expect_mask(page, painted=(0.8, 0.5), blank=(0.2, 0.5))
    button(page, "Undo").click()
    expect_mask(page, painted=(0.2, 0.5), blank=(0.8, 0.5))
    swipe(page, (0.1, 0.1), (0.2, 0.1), (0.45, 0.1))
    expect_mask(page, painted=(0.4, 0.1), blank=(0.8, 0.1))
    # The open painter's mask counts at once.
    run(page)
    done(page)
    row = newest(lab)
    assert (row["strength"], row["width"], row["height"]) == (0.9, 128, 128)
    mask = np.asarray(inputs.read_file("mask", lab.project / "results" / row["mask"]))
    assert mask[64, 25, 0] == 255 and mask[64, 102, 0] == 0
    assert "owned" not in page.title() and lab.outside == []


def test_a_mask_can_be_painted_with_the_keyboard_alone(page):
    button(page, "Change the mask").press("Enter")
    expect(canvas(page)).to_be_focused()
    expect_mask(page, painted=(0.2, 0.5))
    page.get_by_label("Clear the mask").press("Enter")
    expect_mask(page, blank=(0.2, 0.5))
    slider = page.get_by_label("Brush")
    before = int(slider.input_value())
    canvas(page).press("]")
    assert int(slider.input_value()) > before
    canvas(page).press("[")
    canvas(page).press("Space")
    expect_mask(page, painted=(0.5, 0.5))
    for _ in range(12):
        canvas(page).press("ArrowRight")
    expect_mask(page, blank=(0.8, 0.5))
    canvas(page).press("Space")
    expect_mask(page, painted=(0.8, 0.5))
    canvas(page).press("e")
    expect(button(page, "Erase")).to_have_attribute("aria-pressed", "true")
    canvas(page).press("Space")
    expect_mask(page, blank=(0.8, 0.5))
    canvas(page).press("Control+z")
    expect_mask(page, painted=(0.8, 0.5))
    canvas(page).press("Escape")
    expect(canvas(page)).to_be_hidden()
    expect(button(page, "Change the mask")).to_be_focused()


def test_a_file_that_is_too_large_is_refused_and_the_picture_stays(page):
    before = thumbnails(page).first.get_attribute("src")
    file = {"name": "large.png", "mimeType": "image/png", "buffer": bytes(9 * 2**20 + 1)}
    page.get_by_label("Drop a PNG, JPEG or WebP here").set_input_files(file)
    message = page.locator(".dwx-actions .dwx-message")
    expect(message).to_have_text("The picture is too large: at most 9 MiB are allowed.")
    expect(thumbnails(page).first).to_have_attribute("src", before)


def test_a_picture_of_the_history_becomes_the_start(page):
    page.locator(".dwx-thumb").first.click()
    expect(page.locator(".dwx-detail img")).to_have_count(2)
    expect(field(page, "Strength (0 to 1)")).to_have_value("0.9")
    before = thumbnails(page).first.get_attribute("src")
    page.locator(".dwx-detail").get_by_role("button", name="Use as start").click()
    expect(thumbnails(page).first).not_to_have_attribute("src", before)
    button(page, "Remove the mask").click()
    expect(thumbnails(page)).to_have_count(1)
    expect(field(page, "Mask blur")).to_be_hidden()


def test_a_reload_keeps_the_start_picture_and_clear_takes_it_away(lab, page):
    shown = thumbnails(page).first.get_attribute("src")
    save_notebook(page)
    page.goto(f"{lab.url}/lab/tree/notebooks/explore.ipynb?token={lab.token}")
    page.wait_for_selector(".dwlab-explore")
    expect(thumbnails(page).first).to_have_attribute("src", shown)
    expect(field(page, "Strength (0 to 1)")).to_have_value("0.9")
    button(page, "Clear the start picture").click()
    expect(thumbnails(page)).to_have_count(0)
    expect(field(page, "Strength (0 to 1)")).to_be_hidden()
    expect(field(page, "Width")).to_have_value("128")
    run(page)
