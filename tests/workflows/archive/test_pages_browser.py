"""The pages of an export in a real browser, from its folder, without dwlab and without a network."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from lab import SECONDS
from playwright.sync_api import expect

from dwlab.workflows.archive.exporting import export

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
OWN = ("file:", "data:", "blob:")


@pytest.fixture(scope="module")
def folder(filled, tmp_path_factory):
    path = tmp_path_factory.mktemp("browser") / "small"
    export(filled, "small", path)
    return path


@contextmanager
def opened(browser, path):
    """A page from a file, which may have no error and ask for nothing but files."""
    page = browser.new_page()
    page.set_default_timeout(1000 * SECONDS)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(request.url))
    page.on("request", lambda request: request.url.startswith(OWN) or faults.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert faults == []
    page.close()


def test_the_viewer_shows_the_full_pictures_of_the_export(browser, folder):
    with opened(browser, folder / "pages/viewer.html") as page:
        page.locator(".dwv-cell").first.click()
        full = page.locator(".dwv-full")
        expect(full).to_be_visible()
        page.wait_for_function("document.querySelector('.dwv-full').naturalWidth === 32")
        address = full.evaluate("image => new URL(image.src, location).href")
        assert address.startswith((folder / "images").as_uri())


def test_the_report_opens_from_the_folder(browser, folder):
    with opened(browser, folder / "pages/report.html") as page:
        expect(page.get_by_role("heading", name="small").first).to_be_visible()
