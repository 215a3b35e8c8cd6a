"""The tokens that all pages share: they can be read on every ground, and no page has colours of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dwlab
from dwlab.views.charts import DARK, LIGHT
from dwlab.views.design import TOKENS, colours, style_of, with_tokens

ROOT = Path(dwlab.__file__).parent
GROUNDS = ("page", "card", "raised", "accent-soft", "bad-soft")
# the grounds of JupyterLab's own themes, on which panels lie
NOTEBOOKS = {False: "#ffffff", True: "#111111"}


def luminance(colour):
    """Of `#rrggbb`, as WCAG 2.2 defines it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_enough_contrast_on_every_ground(dark):
    shades = colours(dark)
    grounds = [shades[name] for name in GROUNDS] + [NOTEBOOKS[dark]]
    for text in ("ink", "muted", "accent", "good", "warn", "bad"):
        for ground in grounds:
            assert contrast(shades[text], ground) >= 4.5, (text, ground)
    assert contrast(shades["on-accent"], shades["accent"]) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_the_edge_of_a_field_and_the_focus_ring_stand_out(dark):
    shades = colours(dark)
    for line in ("edge", "accent"):
        for ground in ("page", "card", "raised"):
            assert contrast(shades[line], shades[ground]) >= 3, (line, ground)


def test_charts_have_the_colours_of_the_pages():
    for theme, dark in ((LIGHT, False), (DARK, True)):
        shades = colours(dark)
        assert (theme.ink, theme.muted, theme.paper) == (
            shades["ink"],
            shades["muted"],
            shades["card"],
        )
        assert theme.colours == tuple(shades[f"series-{number}"] for number in range(1, 8))


def pages():
    """Every file that styles a page, except the tokens."""
    files = [
        path
        for kind in ("*.css", "*.html", "*.j2")
        for path in ROOT.rglob(kind)
        if path.name != "tokens.css"
    ]
    return sorted(files)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_page_has_no_colours_and_no_unknown_tokens(path):
    text = path.read_text("utf-8")
    styles = (
        text
        if path.suffix == ".css"
        else "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    )
    # black and white are what a picture, a mask or a brush needs on any ground
    own = {shade.lower() for shade in re.findall(r"#[0-9a-fA-F]{3,8}\b", styles)}
    assert own <= {"#fff", "#000"}
    assert "--jp-" not in styles
    known = set(re.findall(r"(--dw-[\w-]+):", TOKENS))
    assert set(re.findall(r"var\((--dw-[\w-]+)", styles)) <= known


def test_a_page_of_html_gets_the_tokens_where_it_marks_them(tmp_path):
    (tmp_path / "page.css").write_text(".own { margin: 0 }")
    assert style_of(tmp_path / "page.css") == f"{TOKENS}\n.own {{ margin: 0 }}"
    assert with_tokens("<style>/* tokens.css */</style>") == f"<style>{TOKENS}</style>"
