"""The tokens in Chromium: light or dark as the host of a page says, and still where people want no motion."""

from __future__ import annotations

import pytest

from dwlab.views.design import TOKENS, colours

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOSTS = {
    'data-jp-theme-light="true"': "light",
    'data-jp-theme-light="false"': "dark",
    'data-vscode-theme-kind="vscode-light"': "light",
    'data-vscode-theme-kind="vscode-dark"': "dark",
    'data-vscode-theme-kind="vscode-high-contrast"': "dark",
    'data-vscode-theme-kind="vscode-high-contrast-light"': "light",
    'style="color-scheme: dark"': "dark",
}


def show(page, body, html=""):
    page.set_content(f"<!doctype html><html {html}><style>{TOKENS}</style>{body}</html>")


def shade_of(page, selector):
    """The colour of an element's text as `#rrggbb`."""
    colour = page.locator(selector).evaluate("element => getComputedStyle(element).color")
    numbers = colour.removeprefix("rgb(").removesuffix(")").split(",")
    return "#" + "".join(f"{int(number):02x}" for number in numbers)


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize(("attribute", "theme"), HOSTS.items(), ids=HOSTS)
def test_a_panel_follows_its_host_and_not_the_system(browser, attribute, theme, system):
    page = browser.new_page(color_scheme=system)
    show(page, f"<body {attribute}><div class=dw>text</div></body>")
    assert shade_of(page, ".dw") == colours(dark=theme == "dark")["ink"]
    page.close()


@pytest.mark.parametrize("system", ["light", "dark"])
def test_a_page_of_its_own_follows_the_system_unless_a_theme_was_chosen(browser, system):
    page = browser.new_page(color_scheme=system)
    chosen = "<p class=dw data-theme=dark>chosen</p><p class=dw data-theme=light>chosen</p>"
    show(page, f"<body><h1>text</h1>{chosen}</body>", html='class="dw dw-page"')
    assert shade_of(page, "h1") == colours(dark=system == "dark")["ink"]
    assert shade_of(page, "[data-theme=dark]") == colours(dark=True)["ink"]
    assert shade_of(page, "[data-theme=light]") == colours(dark=False)["ink"]
    page.close()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_only_what_a_person_set_in_motion_moves_where_motion_is_reduced(browser, motion):
    page = browser.new_page(reduced_motion=motion)
    moving = (
        "<style>@keyframes turn { to { rotate: 1turn } } i { animation: turn 9s infinite }</style>"
    )
    show(page, f"{moving}<body class=dw><i>by itself</i><p class=dw-moves><i>wanted</i></p></body>")
    own, wanted = page.locator("i").evaluate_all("all => all.map((i) => i.getAnimations().length)")
    assert own == (0 if motion == "reduce" else 1)
    assert wanted == 1
    page.close()
