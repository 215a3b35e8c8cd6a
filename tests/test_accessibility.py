"""Every page in Chromium, as people need it who cannot see, point or bear what moves: checked by axe-core and by keys."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from lab import SECONDS
from our_pages import PAGES, PANELS, Places, lab_of_panels

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
WIDTHS = (1600, 390)
THEMES = ("light", "dark")
SEVERE = ("serious", "critical")
SETTLED = """() => Promise.all(
    document.getAnimations().filter(each => each instanceof CSSTransition).map(each => each.finished.catch(() => {}))
)"""
ONLY_VIOLATIONS = {"resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    with Places(tmp_path_factory.mktemp("places")) as places:
        yield places


def violations(page, ours="html"):
    """What axe-core finds within `ours`: rule, how severe, and the elements with the reason."""
    # colours that are on their way to those of another theme have other contrasts
    page.evaluate(SETTLED)
    results = Axe().run(page, context={"include": [[ours]]}, options=ONLY_VIOLATIONS).response
    return [
        (
            violation["id"],
            violation["impact"],
            [(node["target"], node["failureSummary"]) for node in violation["nodes"]],
        )
        for violation in results["violations"]
    ]


def severe_violations(page, ours):
    return [rule for rule in violations(page, ours) if rule[1] in SEVERE]


def resized(page, width):
    """The page in a window that is so wide, after it was painted at that width."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


# What has the focus: whether it comes after what had it before, whether a ring is drawn at it or around it, and whether it can be seen.
FOCUSED = """ours => {
  const focused = document.activeElement;
  const root = document.querySelector(ours);
  if (focused === document.body || !root.contains(focused)) return null;
  const isRinged = (element) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
  };
  const before = window.focusedBefore;
  window.focusedBefore = focused;
  const isAfter = !before?.isConnected ||
    Boolean(before.compareDocumentPosition(focused) & Node.DOCUMENT_POSITION_FOLLOWING);
  const { top, bottom, left, right } = focused.getBoundingClientRect();
  return {
    element: focused.outerHTML.slice(0, 200),
    isAfter,
    isRinged: isRinged(focused) || isRinged(focused.parentElement),
    isInView: bottom > 0 && right > 0 && top < innerHeight && left < innerWidth,
  };
}"""
TABBABLE = "button:visible:enabled, input:visible:enabled, textarea:visible, select:visible"
STOPS = 400  # more than any page has


def stops(page, ours="html"):
    """What Tab comes to within `ours`, from its first stop to where Tab leaves it."""
    reached = []
    page.evaluate("() => { delete window.focusedBefore; }")
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED, ours)
        if stop is None:
            return reached
        reached.append(stop)
    raise AssertionError(f"Tab never leaves the page: {reached[-1]}")


def check_stops(reached):
    assert len(reached) > 1
    for stop in reached:
        assert stop["isAfter"], stop["element"]
        assert stop["isRinged"], stop["element"]
        assert stop["isInView"], stop["element"]


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1600, "height": 900}, color_scheme="light")
    page.set_default_timeout(1000 * SECONDS)
    yield page
    page.close()


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_a_page_has_no_violations_and_tab_goes_through_it(page, places, each):
    each.open(page, places)
    # from the top, wherever opening it has left the focus
    page.evaluate(
        "() => { document.activeElement.blur(); getSelection().setPosition(document.body, 0); }"
    )
    check_stops(stops(page))
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            resized(page, width)
            ours = [rule for rule in violations(page) if rule[0] not in each.foreign]
            assert ours == [], (theme, width)


@pytest.fixture(scope="module", params=["jupyterlab", "notebook"])
def lab(request, tmp_path_factory):
    with lab_of_panels(tmp_path_factory.mktemp(request.param), request.param) as lab:
        yield lab
        assert lab.outside == []


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.notebook)
def test_a_panel_works_without_severe_violations_and_tab_goes_through_it(page, lab, panel):
    lab.watch(page)
    lab.run_notebook(page, panel.notebook, panel.ours)
    assert severe_violations(page, panel.ours) == [], "before it is used"
    panel.use(page)
    page.locator(panel.ours).locator(TABBABLE).first.focus()
    check_stops(stops(page, panel.ours))
    for theme in THEMES:
        lab.choose_theme(page, f"JupyterLab {theme.capitalize()}")
        for width in WIDTHS:
            resized(page, width)
            assert severe_violations(page, panel.ours) == [], (theme, width)
