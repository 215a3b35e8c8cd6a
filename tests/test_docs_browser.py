"""The documentation's site in Chromium, opened as files."""

from __future__ import annotations

import re

import pytest
from docs_site import build_site
from playwright.sync_api import expect, sync_playwright

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, site):
    """Opens a page of the site, and notes what it asks of other hosts."""
    pages = []

    def open_page(name, width=1600, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.set_default_timeout(60_000)
        page.on("request", lambda request: noted.append(request.url))
        page.goto((site / name).as_uri())
        pages.append(page)
        return page

    noted: list[str] = []
    yield open_page
    for page in pages:
        page.close()
    own = ("file:", "data:", "blob:")
    assert [url for url in noted if not url.startswith(own)] == []


def test_the_search_finds_a_page_without_a_server(opened):
    page = opened("index.html")
    page.get_by_role("textbox", name="Search").fill("satterthwaite")
    result = page.locator(".md-search-result__link").first
    expect(result).to_contain_text("What a sweep can and cannot say", timeout=60_000)
    result.click()
    expect(page).to_have_url(re.compile("statistics.html"), timeout=60_000)


def test_a_newcomer_reaches_the_answers_from_the_start_page(opened):
    page = opened("index.html")
    page.get_by_role("link", name="Stop it filling my disk").click()
    expect(page.get_by_role("heading", name="Stop it filling my disk")).to_be_in_viewport(
        timeout=60_000
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_site_follows_the_system_until_a_theme_is_chosen(opened, scheme):
    page = opened("index.html", scheme=scheme)
    body = page.locator("body")
    shown = {"light": "default", "dark": "slate"}
    expect(body).to_have_attribute("data-md-color-scheme", shown[scheme], timeout=60_000)
    page.locator("label[title='Use the light theme']").click()
    expect(body).to_have_attribute("data-md-color-scheme", "default", timeout=60_000)
    page.locator("label[title='Use the dark theme']").click()
    expect(body).to_have_attribute("data-md-color-scheme", "slate", timeout=60_000)


def test_no_page_is_wider_than_a_phone(opened, site):
    page = opened("index.html", width=390)
    for path in sorted(site.glob("*.html")):
        page.goto(path.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path.name
