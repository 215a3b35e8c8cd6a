"""The design language of all pages: one set of tokens for colour, space, type and shape.

`tokens.css` is the only place where they are written. Pages get it in front of their own style,
without a build step; charts read its colours.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent
TOKENS = (FOLDER / "tokens.css").read_text("utf-8")
# where a page that is a file of HTML has its tokens
MARK = "/* tokens.css */"
_TWO_COLOURS = re.compile(r"--dw-([\w-]+):[^;]*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


def style_of(*files: Path) -> str:
    """The tokens, then the styles in these files: what a page has as its style sheet."""
    texts = [path.read_text("utf-8") for path in files]
    return "\n".join([TOKENS, *texts])


def with_tokens(page: str) -> str:
    """A page's HTML with the tokens in the place that it marks with `/* tokens.css */`."""
    return page.replace(MARK, TOKENS)


def colours(dark: bool) -> dict[str, str]:
    """The colours on a light or a dark page: name of the token without `--dw-` -> `#rrggbb`."""
    shades = {}
    for name, light_shade, dark_shade in _TWO_COLOURS.findall(TOKENS):
        shades[name] = dark_shade if dark else light_shade
    return shades
