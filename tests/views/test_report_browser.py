"""The report in a browser."""

from __future__ import annotations

import pytest
from lab import SECONDS
from report_pages import report
from sweep_tables import sweep_table

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def test_the_report_fits_a_page_as_narrow_as_a_phone(browser, tmp_path):
    report(sweep_table(tmp_path), tmp_path)
    page = browser.new_page(viewport=PHONE)
    page.set_default_timeout(1000 * SECONDS)
    page.goto((tmp_path / "report.html").as_uri())
    assert page.get_by_text("of the best adherence").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    column = page.locator("header").bounding_box()
    for card in page.locator(".card").all():
        box = card.bounding_box()
        assert box["x"] + box["width"] <= column["x"] + column["width"]
