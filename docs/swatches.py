"""A page that shows the design tokens as they are in `tokens.css`, for a picture in docs/design.md."""

from __future__ import annotations

import html
import re

from dwlab.views.design import TOKENS, colours

GROUNDS = ("page", "card", "raised", "accent-soft", "bad-soft")
TEXTS = ("ink", "muted", "accent", "good", "warn", "bad")
STYLE = """
body { margin: 0; padding: var(--dw-space-5); }
h1 { margin: 0 0 var(--dw-space-4); font-size: var(--dw-text-title); }
h2 { margin: var(--dw-space-5) 0 var(--dw-space-2); font-size: var(--dw-text-large); }
.row { display: flex; flex-wrap: wrap; gap: var(--dw-space-3); align-items: end; }
.row figure { margin: 0; min-width: 88px; }
.row i { display: block; height: 40px; border: 1px solid var(--dw-rule); border-radius: var(--dw-radius); }
figcaption { margin-top: var(--dw-space-1); color: var(--dw-muted); font-size: var(--dw-text-small); }
.grounds { display: grid; grid-template-columns: repeat(5, 1fr); gap: var(--dw-space-3); }
.grounds div { padding: var(--dw-space-3); border: 1px solid var(--dw-rule); border-radius: var(--dw-radius-large); }
.grounds p { margin: 0; }
.bar { display: block; height: 12px; background: var(--dw-accent); }
.ringed { outline: var(--dw-ring); outline-offset: var(--dw-ring-gap); }
"""
CONTROLS = """
<div class="row">
<button class="dw-main">Run</button><button>Cancel</button><button disabled>Undo</button><button class="dw-quiet">Reset</button>
<button aria-pressed="true">Wipe</button><button class="dw-chip" aria-pressed="true">steps 20</button><button class="dw-chip">steps 50</button>
<a href="#here">a link</a>
</div>
<div class="row" style="margin-top: var(--dw-space-4)">
<input value="a large red star" aria-label="prompt"><select aria-label="scheduler"><option>DDIM</option></select>
<input value="-3" aria-invalid="true" aria-label="steps"><label><input type="checkbox" checked> keep</label>
<input type="range" aria-label="size"><progress value="0.6" aria-label="progress"></progress>
</div>
<h2>The focus ring</h2>
<div class="row">
<button class="dw-main ringed">Run</button><button class="ringed">Cancel</button><button class="dw-chip ringed">steps 50</button>
<input class="ringed" value="a large red star" aria-label="prompt with focus"><a class="ringed" href="#here">a link</a>
</div>
"""


def page(dark: bool) -> str:
    """The page as HTML. dark: the shades that stand below the colours."""
    shades = colours(dark)
    parts = [
        "<h1>Colours</h1>",
        _row(_colour(name, shades[name]) for name in shades if not name.startswith("series-")),
        "<h2>Series of a chart</h2>",
        _row(_colour(name, shades[name]) for name in shades if name.startswith("series-")),
        "<h2>Text on each ground</h2>",
        f'<div class="grounds">{"".join(_ground(name) for name in GROUNDS)}</div>',
        "<h2>Controls</h2>",
        CONTROLS,
        "<h2>Space</h2>",
        _row(_space(name, size) for name, size in _sizes("space")),
        "<h2>Type</h2>",
        _row(_type(name, size) for name, size in _sizes("text")),
    ]
    head = f"<style>{TOKENS}{STYLE}</style>"
    return f'<!doctype html><html lang="en" class="dw dw-page">{head}<body>{"".join(parts)}</body></html>'


def _sizes(kind: str) -> list[tuple[str, str]]:
    """The tokens of a kind that are so many pixels."""
    return re.findall(rf"--dw-({kind}[\w-]*): (\d+px)", TOKENS)


def _row(figures: object) -> str:
    return f'<div class="row">{"".join(figures)}</div>'


def _figure(sample: str, name: str, value: str) -> str:
    return f"<figure>{sample}<figcaption>{html.escape(name)}<br>{html.escape(value)}</figcaption></figure>"


def _colour(name: str, shade: str) -> str:
    return _figure(f'<i style="background: var(--dw-{name})"></i>', name, shade)


def _ground(name: str) -> str:
    lines = [f'<p style="color: var(--dw-{text})">{text} on {name}</p>' for text in TEXTS]
    return f'<div style="background: var(--dw-{name})">{"".join(lines)}</div>'


def _space(name: str, size: str) -> str:
    return _figure(f'<span class="bar" style="width: {size}"></span>', name, size)


def _type(name: str, size: str) -> str:
    return _figure(f'<span style="font-size: {size}">a large red star</span>', name, size)
