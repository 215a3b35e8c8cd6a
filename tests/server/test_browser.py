"""The page at /ui and the documentation, in a headless browser that reaches this server only."""

from __future__ import annotations

import re

import pytest
from lab import SECONDS, seen
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
    context.on("console", lambda m: context.errors.append(m.text) if m.type == "error" else None)
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
        page.get_by_label(label, exact=True).fill(str(value))
    page.get_by_role("button", name="Draw").click()


def status(page):
    return page.locator("#status")


def restore(page, index=0):
    page.locator("#gallery button").nth(index).click()
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


def test_clicking_a_picture_in_the_gallery_fills_the_form_with_its_recipe(page):
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
    page.get_by_role("button", name="Draw").click()
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
    page.get_by_role("button", name="Draw").click()
    expect(status(page)).to_contain_text("Done in")
    assert page.locator("#now img").get_attribute("src") == drawn


def test_a_restored_scheduler_keeps_its_options(page):
    ask(page, prompt="a blue square", Scheduler="DPM++ 2M Karras", Steps=3)
    expect(status(page)).to_contain_text("Done in")
    drawn = page.locator("#now img").get_attribute("src")
    page.get_by_label("Scheduler", exact=True).fill("")
    restore(page)
    page.get_by_role("button", name="Draw").click()
    expect(status(page)).to_contain_text("Done in")
    assert page.locator("#now img").get_attribute("src") == drawn


def test_an_invalid_seed_is_refused_before_it_is_sent(page):
    ask(page, Seed="1e3")
    assert page.get_by_label("Seed", exact=True).evaluate("field => field.validity.patternMismatch")
    expect(status(page)).to_have_text(re.compile("Enter a prompt"))


def test_cancel_stops_a_job_and_errors_are_shown(page):
    ask(page, Steps=150, Width=512, Height=512)
    expect(status(page)).to_contain_text("Step")
    page.get_by_role("button", name="Cancel").click()
    expect(status(page)).to_contain_text("cancelled")
    ask(page, Scheduler="nothing")
    expect(status(page)).to_contain_text("scheduler is 'nothing'")
    expect(status(page)).to_have_class(re.compile("bad"))


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
    ask(page, Scheduler="dpmpp_2m")
    field = page.get_by_label("Scheduler", exact=True)
    expect(page.locator("form p.wrong")).to_contain_text("scheduler is 'dpmpp_2m'; allowed:")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    ask(page, Scheduler="", Seed="1e3")
    expect(page.locator("form p.wrong")).to_have_count(0)
    expect(status(page)).to_contain_text("Enter a prompt")


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
    assert page.locator('img[src="x"], main script, iframe, main svg, main style').count() == 0
    assert context.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_have_enough_contrast_and_every_control_has_a_name(page, theme):
    page.emulate_media(color_scheme=theme)
    ground, text = page.evaluate(
        "[getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).color]"
    )
    shade = [sum(map(float, re.findall(r"[\d.]+", colour)[:3])) for colour in (ground, text)]
    assert (shade[0] - shade[1] > 400) if theme == "light" else (shade[1] - shade[0] > 400)
    for control in page.locator("input, select, textarea, button").all():
        name = control.evaluate(
            "c => c.title || c.textContent || [...(c.labels || [])].map(l => l.textContent).join()"
        )
        assert name.strip()


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
