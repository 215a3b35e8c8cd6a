"""Every page in Chromium, as people need it who cannot see, point or bear what moves: checked by axe-core and by keys."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from lab import SECONDS
from our_pages import PAGES, PANELS, Places, lab_of_panels

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
WIDTHS = (1600, 390)
SEVERE = ("serious", "critical")
ONLY_VIOLATIONS = {"resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    with Places(tmp_path_factory.mktemp("places")) as places:
        yield places


def severe_violations(page, ours="html"):
    """What axe-core counts as serious or critical within `ours`: rule, element and reason."""
    results = Axe().run(page, context={"include": [[ours]]}, options=ONLY_VIOLATIONS).response
    return [
        (violation["id"], node["target"], node["failureSummary"])
        for violation in results["violations"]
        if violation["impact"] in SEVERE
        for node in violation["nodes"]
    ]


def resized(page, width):
    """The page in a window that is so wide, after it was painted at that width."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def new_page(browser, theme):
    page = browser.new_page(viewport={"width": 1600, "height": 900}, color_scheme=theme)
    page.set_default_timeout(1000 * SECONDS)
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_axe_finds_nothing_serious_on_a_page(browser, places, each, theme):
    page = new_page(browser, theme)
    each.open(page, places)
    for width in WIDTHS:
        resized(page, width)
        assert severe_violations(page) == [], width
    page.close()


@pytest.mark.parametrize("app", ["jupyterlab", "notebook"])
@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.notebook)
def test_axe_finds_nothing_serious_in_a_panel_of_a_notebook(browser, tmp_path, panel, app):
    page = new_page(browser, "light")
    with lab_of_panels(tmp_path, app) as lab:
        lab.watch(page)
        lab.run_notebook(page, panel.notebook, panel.ours)
        panel.use(page)
        for theme in ("Light", "Dark"):
            lab.choose_theme(page, f"JupyterLab {theme}")
            for width in WIDTHS:
                resized(page, width)
                assert severe_violations(page, panel.ours) == [], (theme, width)
        page.close()
    assert lab.outside == []
