"""Headers that keep browsers from running anything but the server's own pages."""

from __future__ import annotations

import base64
import hashlib
import re

_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": _NOTHING,
}


def page_policy(page: str, inline_styles: str = "") -> str:
    """A content security policy that lets a page run only its own inline scripts and styles.

    inline_styles: the source of styles to allow instead of those in the page.
    """
    scripts = _hashes("script", page)
    styles = inline_styles or _hashes("style", page)
    return (
        f"{_NOTHING}; script-src 'self' {scripts}; style-src 'self' {styles}; "
        "img-src 'self' data: blob:; connect-src 'self'"
    )


def _hashes(tag: str, page: str) -> str:
    """The hashes of what stands in a page between such tags, as a policy names them."""
    hashes = []
    for text in re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL):
        digest = hashlib.sha256(text.encode()).digest()
        hashes.append(f"'sha256-{base64.b64encode(digest).decode()}'")
    return " ".join(hashes)
