"""The page at /ui and the documentation, in a headless browser that reaches this server only."""

from __future__ import annotations

import re

import pytest
from lab import SECONDS, seen
from PIL import Image
from playwright.sync_api import expect
from served import Served
from widgets.explore.test_page_browser import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("served"), token=TOKEN) as server:
        yield server


@pytest.fixture(scope="module")
def context(browser, server):
    """A browser with the token as a password; notes requests to other hosts and the page's errors."""
    context = browser.new_context(http_credentials={"username": "any", "password": TOKEN})
    context.set_default_timeout(1000 * SECONDS)
    context.outside = []
    context.errors = []
    own = (server.url, "data:", "blob:")
    context.on(
        "request", lambda r: None if r.url.startswith(own) else context.outside.append(r.url)
    )

    def note_error(message):
        # jobs go on naming a picture that was deleted; the gallery forgets it when it is not there
        is_deleted_picture = "/images/" in message.location["url"] and "404" in message.text
        if message.type == "error" and not is_deleted_picture:
            context.errors.append(message.text)

    context.on("console", note_error)
    context.on("weberror", lambda e: context.errors.append(str(e.error)))
    yield context
    context.close()


@pytest.fixture
def page(context, server):
    page = context.new_page()
    page.goto(f"{server.url}/ui")
    expect(page.locator("#health")).to_contain_text("shapes on")
    yield page
    page.close()
    for job in server.job_ids():
        server.http.delete(f"/api/jobs/{job}")
    assert context.outside == []


def ask(page, prompt="a large red star", **more):
    for label, value in {
        "Prompt": prompt,
        "Width": 64,
        "Height": 64,
        "Steps": 2,
        "Seed": 1,
        **more,
    }.items():
        field = page.get_by_label(label, exact=True)
        if label == "Scheduler":
            field.select_option(str(value))
        else:
            field.fill(str(value))
    draw(page)


def draw(page):
    page.get_by_role("button", name="Draw", exact=True).click()


def status(page):
    return page.locator("#status")


def restore(page, index=0, how="Use recipe and seed"):
    page.locator("#gallery button").nth(index).click()
    page.get_by_role("button", name=how, exact=True).click()
    expect(status(page)).to_contain_text("recipe is in the form")


def test_a_picture_is_previewed_shown_and_added_to_the_gallery(context, page):
    before = page.locator("#gallery img").count()
    # long enough not to have ended before it is looked at
    ask(page, Steps=150, Width=256, Height=256, Pictures=2)
    expect(status(page)).to_have_text(re.compile(r"Step \d+ of 300"))
    expect(page.locator("#now img.rough[src^='data:image/png']")).to_have_count(2)
    page.get_by_role("button", name="Cancel").click()
    expect(status(page)).to_contain_text("cancelled")
    ask(page, Width=192, Height=192, Pictures=2)
    expect(status(page)).to_contain_text("Done in")
    pictures = page.locator("#now img:not(.rough)")
    seen(pictures, 2)
    for picture in pictures.all():
        expect(picture).to_have_js_property("naturalWidth", 192)
    expect(page.locator("#gallery img")).to_have_count(before + 2)
    assert context.errors == []


def test_a_picture_of_the_gallery_fills_the_form_with_its_recipe(page):
    ask(page, prompt="a small green ring", Seed=77, Steps=3)
    expect(status(page)).to_contain_text("Done in")
    expect(page.locator("#gallery figcaption").first).to_contain_text("a small green ring")
    page.get_by_label("Prompt", exact=True).fill("another")
    restore(page)
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a small green ring")
    expect(page.get_by_label("Seed", exact=True)).to_have_value("77")
    expect(page.get_by_label("Steps", exact=True)).to_have_value("3")


@pytest.mark.parametrize("seed", [2**53 + 1, 2**63 - 1])
def test_a_seed_that_a_browser_would_round_is_used_shown_and_restored_exactly(page, server, seed):
    ask(page, prompt="a green star", Seed=seed)
    expect(status(page)).to_contain_text("Done in")
    drawn = page.locator("#now img").get_attribute("src")
    page.reload()
    expect(page.locator("#gallery figcaption").first).to_contain_text(f"seed {seed},")
    restore(page)
    expect(page.get_by_label("Seed", exact=True)).to_have_value(str(seed))
    draw(page)
    expect(status(page)).to_contain_text("Done in")
    assert page.locator("#now img").get_attribute("src") == drawn
    newest = server.http.get("/api/jobs?limit=2").json()["jobs"]
    assert [job["parameters"]["seed"] for job in newest] == [str(seed)] * 2


def test_the_seed_after_the_largest_is_0(page):
    ask(page, prompt="a blue star", Seed=2**63 - 1, Pictures=2)
    expect(status(page)).to_contain_text("Done in")
    captions = page.locator("#gallery figcaption")
    expect(captions.nth(0)).to_contain_text(f"seed {2**63 - 1},")
    expect(captions.nth(1)).to_contain_text("seed 0,")
    drawn = page.locator("#now img").nth(1).get_attribute("src")
    restore(page, 1)
    draw(page)
    expect(status(page)).to_contain_text("Done in")
    assert page.locator("#now img").get_attribute("src") == drawn


def test_a_restored_scheduler_keeps_its_options(page):
    ask(page, prompt="a blue square", Scheduler="DPM++ 2M Karras", Steps=3)
    expect(status(page)).to_contain_text("Done in")
    drawn = page.locator("#now img").get_attribute("src")
    page.get_by_label("Scheduler", exact=True).select_option("")
    restore(page)
    expect(page.get_by_label("Scheduler", exact=True)).to_have_value("DPM++ 2M Karras")
    draw(page)
    expect(status(page)).to_contain_text("Done in")
    assert page.locator("#now img").get_attribute("src") == drawn


@pytest.mark.parametrize(
    ("label", "value", "message"),
    [
        ("Seed", "1e3", "The seed must be a whole number"),
        ("Steps", 1000, "Enter a number from 1 to 150 for steps"),
        ("Width", 63, "The width must be a multiple of 8"),
        ("Pictures", "", "Enter the number of pictures"),
        ("Prompt", "", "Write a prompt first"),
    ],
)
def test_a_value_that_cannot_be_is_refused_at_its_field_before_it_is_sent(
    page, server, label, value, message
):
    jobs = server.job_ids()
    ask(page, **{"prompt": "a red star", label: value})
    field = page.get_by_label(label, exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("form .wrong")).to_contain_text(message)
    expect(status(page)).to_contain_text("Enter a prompt")
    assert server.job_ids() == jobs


def test_after_cancel_the_previews_stay_and_say_at_which_step_they_stopped(page):
    ask(page, Steps=150, Width=256, Height=256, Pictures=2)
    previews = page.locator("#now img.rough[src^='data:image/png']")
    expect(previews).to_have_count(2)
    page.get_by_role("button", name="Cancel").click()
    expect(status(page)).to_contain_text("cancelled")
    expect(previews).to_have_count(2)
    captions = page.locator("#now figcaption")
    expect(captions.first).to_have_text(re.compile(r"^stopped at step \d+ of 150$"))
    expect(page.get_by_role("button", name="Draw", exact=True)).to_be_focused()
    captions.first.locator("..").get_by_role("button").click()
    large = page.get_by_role("dialog")
    expect(large.locator("img")).to_have_attribute("src", re.compile("^data:image/png"))
    expect(large.get_by_role("link", name="Download PNG")).to_be_hidden()


def opened(page, index=0):
    """The picture of that number in the gallery, large."""
    page.locator("#gallery button").nth(index).click()
    large = page.get_by_role("dialog")
    expect(large).to_be_visible()
    return large


def test_a_picture_opens_large_by_the_keyboard_alone_and_the_arrows_walk(page):
    for seed in (501, 502):
        ask(page, prompt=f"star number {seed}", Seed=seed)
        expect(status(page)).to_contain_text("Done in")
    page.locator("#now button").focus()
    page.keyboard.press("Enter")
    large = page.get_by_role("dialog")
    expect(large.locator(".facts")).to_contain_text("star number 502")
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(page.locator("#now button")).to_be_focused()
    page.locator("#gallery button").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    expect(large.locator(".facts")).to_contain_text("star number 501")
    expect(large.locator("img")).to_have_attribute("alt", "star number 501")
    expect(large.locator("img")).to_have_js_property("naturalWidth", 64)
    page.keyboard.press("ArrowLeft")
    expect(large.locator(".facts")).to_contain_text("star number 502")


def test_the_downloaded_file_is_the_store_s_with_its_recipe(page, server, tmp_path):
    ask(page, prompt="a green moon", Seed=503)
    expect(status(page)).to_contain_text("Done in")
    large = opened(page)
    with page.expect_download() as download:
        large.get_by_role("link", name="Download PNG").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    stored = next(server.results.glob(f"images/*/{path.name}"))
    assert path.read_bytes() == stored.read_bytes()
    assert Image.open(path).text["parameters"].startswith("a green moon")


def test_a_deleted_picture_is_gone_after_a_second_press_and_a_reload(page, server):
    ask(page, prompt="a star to delete", Seed=504)
    expect(status(page)).to_contain_text("Done in")
    url = page.locator("#now img").get_attribute("src")
    large = opened(page)
    large.get_by_role("button", name="Delete", exact=True).click()
    assert server.http.get(url).status_code == 200
    large.get_by_role("button", name="Delete for good?").click()
    expect(page.locator(f"img[src='{url}']")).to_have_count(0)
    assert server.http.get(url).status_code == 404
    page.reload()
    expect(page.locator("#health")).to_contain_text("shapes on")
    expect(page.locator(f"#gallery img[src='{url}']")).to_have_count(0)


@pytest.mark.slow
def test_a_picture_can_be_deleted_while_others_form(page, server):
    ask(page, prompt="a star that goes", Seed=505)
    expect(status(page)).to_contain_text("Done in")
    url = page.locator("#now img").get_attribute("src")
    ask(page, prompt="stars that form", Steps=150, Width=256, Height=256, Pictures=2)
    expect(status(page)).to_have_text(re.compile(r"Step \d+ of 300"))
    expect(page.locator("#gallery figcaption").first).to_contain_text("a star that goes")
    large = opened(page)
    large.get_by_role("button", name="Delete", exact=True).click()
    step = status(page).text_content()
    expect(status(page)).not_to_have_text(step)
    large.get_by_role("button", name="Delete for good?").click()
    expect(page.locator(f"#gallery img[src='{url}']")).to_have_count(0)
    assert server.http.get(url).status_code == 404


@pytest.mark.slow
def test_the_second_picture_of_a_request_keeps_its_seed_and_stays_without_the_first(page):
    ask(page, prompt="two moons", Seed=600, Pictures=2)
    expect(status(page)).to_contain_text("Done in")
    expect(page.locator("#gallery figcaption").first).to_contain_text("seed 600,")
    restore(page, index=1)
    seed = page.get_by_label("Seed", exact=True)
    expect(seed).to_have_value("601")
    expect(page.locator("#now img")).to_have_count(1)
    seed.fill("5")
    page.locator("#now button").click()
    page.get_by_role("button", name="Use recipe and seed", exact=True).click()
    expect(seed).to_have_value("601")
    ask(page, prompt="two moons", Seed=700, Pictures=2)
    expect(status(page)).to_contain_text("Done in")
    expect(page.locator("#gallery figcaption").first).to_contain_text("seed 700,")
    second = page.locator("#now img").nth(1).get_attribute("src")
    large = opened(page)
    large.get_by_role("button", name="Delete", exact=True).click()
    large.get_by_role("button", name="Delete for good?").click()
    expect(page.locator("#now img")).to_have_count(1)
    expect(page.locator("#now img")).to_have_attribute("src", second)


def test_a_restored_recipe_leaves_to_the_model_and_to_chance_what_was(page):
    ask(page, prompt="an automatic star", Steps="", Seed="")
    expect(status(page)).to_contain_text("Done in")
    page.get_by_label("Steps", exact=True).fill("9")
    restore(page, how="Use recipe")
    for label, value in {
        "Steps": "",
        "Seed": "",
        "Guidance": "",
        "Scheduler": "",
        "Width": "64",
    }.items():
        expect(page.get_by_label(label, exact=True)).to_have_value(value)
    restore(page)
    expect(page.get_by_label("Seed", exact=True)).to_have_value(re.compile(r"^\d+$"))


def test_the_dice_give_a_seed(page):
    seed = page.get_by_label("Seed", exact=True)
    page.get_by_role("button", name="New seed").click()
    expect(seed).to_have_value(re.compile(r"^\d+$"))


def test_models_say_whether_they_are_here_and_offer_the_schedulers_that_fit(page, server):
    models = server.http.get("/api/models").json()["models"]
    words = page.get_by_label("Model", exact=True).locator("option").all_text_contents()
    assert len(words) == len(models)
    for model, text in zip(models, words, strict=True):
        assert text.endswith("here" if model["here"] else "not on this server")
    shapes = next(model for model in models if model["id"] == "shapes")
    offered = page.get_by_label("Scheduler", exact=True).locator("option").all_text_contents()
    assert offered == ["model default (DDIM)", *shapes["schedulers"]]
    assert "Euler a" in offered and "Flow match Euler" not in offered


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_the_forming_picture_is_in_view_after_draw(browser, server, theme):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, color_scheme=theme,
        http_credentials={"username": "any", "password": TOKEN},
    )  # fmt: skip
    context.set_default_timeout(1000 * SECONDS)
    page = context.new_page()
    page.goto(f"{server.url}/ui")
    expect(page.locator("#health")).to_contain_text("shapes on")
    assert not page.locator("#settings").evaluate("settings => settings.open")
    # also from the end of the open settings
    page.locator("#settings summary").tap()
    ask(page, Steps=150, Width=256, Height=256)
    forming = page.locator("#now img.rough[src^='data:image/png']")
    expect(forming).to_have_count(1)
    expect(forming).to_be_in_viewport(ratio=0.9)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Cancel").click()
    expect(status(page)).to_contain_text("cancelled")
    context.close()


def test_a_reloaded_page_continues_with_its_running_job(page):
    ask(
        page,
        prompt="a job that goes on",
        Steps=150,
        Width=256,
        Height=256,
        Pictures=2,
        Seed=2**53 + 1,
    )
    expect(status(page)).to_have_text(re.compile(r"Step \d+ of 300"))
    page.reload()
    expect(status(page)).to_have_text(re.compile(r"Step \d+ of 300"))
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a job that goes on")
    expect(page.get_by_label("Seed", exact=True)).to_have_value(str(2**53 + 1))
    page.get_by_role("button", name="Cancel").click()
    expect(status(page)).to_contain_text("cancelled")
    page.reload()
    expect(status(page)).to_contain_text("Enter a prompt")


def test_an_error_is_shown_below_its_field_until_the_next_request(page):
    # a seed of as many digits as the largest, which only the server refuses
    ask(page, Seed=2**63)
    field = page.get_by_label("Seed", exact=True)
    expect(page.locator("form .wrong")).to_contain_text("allowed: 0 to 9223372036854775807")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(status(page)).to_have_class(re.compile("bad"))
    ask(page, Seed=79)
    expect(page.locator("form .wrong")).to_have_count(0)
    expect(status(page)).to_contain_text("Done in")


def test_without_an_event_stream_the_page_polls_the_status(context, page):
    context.errors.clear()
    page.route("**/api/events/*", lambda route: route.fulfill(status=502, body="what a proxy says"))
    ask(page, Seed=78, Steps=3)
    expect(status(page)).to_contain_text("Done in")
    expect(page.locator("#now img:not(.rough)")).to_have_count(1)
    assert all("502" in text for text in context.errors), context.errors
    context.errors.clear()


@pytest.mark.parametrize(
    "prompts", [HOSTILE[:3], pytest.param(HOSTILE[3:], marks=pytest.mark.slow)]
)
def test_hostile_prompts_are_shown_as_text_and_not_run(context, page, prompts):
    context.errors.clear()
    for k, prompt in enumerate(prompts):
        ask(page, prompt=prompt, Steps=1, Seed=1000 + k)
        expect(status(page)).to_contain_text("Done in")
        expect(page.locator("#gallery figcaption").first).to_contain_text(" ".join(prompt.split()))
    shown = page.locator("#gallery img").count()
    page.reload()
    expect(page.locator("#gallery figcaption")).to_have_count(shown)
    expect(page.locator("#gallery figcaption").first).to_contain_text(f"seed {999 + len(prompts)}")
    assert page.title() == "dwlab"
    # the dice are the only drawing of the page itself
    strange = 'img[src="x"], main script, iframe, main svg:not(#dice > svg), main style'
    assert page.locator(strange).count() == 0
    assert context.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_have_enough_contrast_and_every_control_has_a_name(page, theme):
    page.emulate_media(color_scheme=theme)
    ground, text = page.evaluate(
        "[getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).color]"
    )
    shade = [sum(map(float, re.findall(r"[\d.]+", colour)[:3])) for colour in (ground, text)]
    assert (shade[0] - shade[1] > 400) if theme == "light" else (shade[1] - shade[0] > 400)
    # at once, because the gallery may lose a picture meanwhile
    names = page.locator("input, select, textarea, button").evaluate_all(
        """controls => controls.map((control) => control.title || control.textContent
            || [...(control.labels || [])].map((label) => label.textContent).join())"""
    )
    assert len(names) > 10 and all(name.strip() for name in names)


def test_the_documentation_loads_nothing_from_other_hosts(context, page, server):
    context.errors.clear()
    page.goto(f"{server.url}/docs")
    page.locator("#operations-default-generate_api_generate_post").click()
    page.get_by_role("button", name="Try it out").click()
    page.locator("textarea.body-param__text").fill(
        '{"prompt": "a blue heart", "steps": 1, "width": 64, "height": 64}'
    )
    page.get_by_role("button", name="Execute").click()
    expect(
        page.locator(".live-responses-table tr.response .response-col_status").first
    ).to_contain_text("202")
    assert not [text for text in context.errors if "Content Security Policy" in text], (
        context.errors
    )
