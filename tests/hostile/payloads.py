"""Thirty texts that would run in a page which forgot to escape them, each in the spot of a page that it is made for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CANARY = "http://canary.invalid"
SPOTS = {
    "text": "<p>{}</p>",
    "textarea": "<textarea>{}</textarea>",
    "title": "<title>{}</title>",
    "style": "<style>p {{ content: '{}' }}</style>",
    "comment": "<!-- {} -->",
    "attribute": '<input value="{}">',
    "quoted attribute": "<input value='{}'>",
    "link": '<a href="{}">x</a>',
    "script": "<script>const text = '{}'</script>",
    "quoted script": '<script>const text = "{}"</script>',
    "template": "<script>const text = `{}`</script>",
    "decoded twice": "<pre>{}</pre><script>document.body.innerHTML = document.querySelector('pre').textContent</script>",
}
PAYLOADS = (
    ("text", "<script>__hit(0)</script>"),
    ("text", "<img src=x onerror=__hit(1)>"),
    ("text", "<svg/onload=alert(2)>"),
    ("text", "<iframe srcdoc='<script>parent.__hit(3)</script>'></iframe>"),
    ("text", "<body onload=__hit(4)>"),
    ("text", "<details open ontoggle=__hit(5)>x</details>"),
    ("text", '<a href="javascript:__hit(6)">x</a>'),
    ("text", "<video><source onerror=__hit(7)></video>"),
    ("text", "<input autofocus onfocus=__hit(8)>"),
    ("text", "<audio src=x onerror=__hit(9)></audio>"),
    ("text", "<style>@keyframes k{}</style><b style=animation:k onanimationstart=__hit(10)>x</b>"),
    ("text", "<ScRiPt >prompt(11)</sCrIpT>"),
    ("text", f"<style>@import '{CANARY}/12';</style>"),
    ("text", f"<link rel=stylesheet href={CANARY}/13>"),
    ("text", f"<img src={CANARY}/14>"),
    ("text", f"<script src={CANARY}/15></script>"),
    ("text", f'<meta http-equiv=refresh content="0;url={CANARY}/16">'),
    ("text", f"<iframe src={CANARY}/17></iframe>"),
    ("textarea", "</textarea><script>__hit(18)</script>"),
    ("title", "</title><script>__hit(19)</script>"),
    ("style", "</style><script>__hit(20)</script>"),
    ("comment", "--><script>__hit(21)</script>"),
    ("attribute", '"><script>__hit(22)</script>'),
    ("attribute", '" autofocus onfocus="__hit(23)'),
    ("quoted attribute", "' autofocus onfocus='__hit(24)"),
    ("link", "javascript:__hit(25)"),
    ("script", "'-__hit(26)-'"),
    ("quoted script", "</script><img src=x onerror=__hit(27)>"),
    ("template", "${__hit(28)}"),
    ("decoded twice", "&lt;img src=x onerror=__hit(29)&gt;"),
)
TEXTS = tuple(text for _, text in PAYLOADS)
# what a payload became: an element or an attribute that the browser took for the page's own; a script of plain text is data
ELEMENTS = """() => [...document.querySelectorAll('*')].filter(element =>
  (['script', 'style'].includes(element.localName) && element.type !== 'text/plain' && /__hit|canary|prompt\\(11\\)/.test(element.textContent))
  || [...element.attributes].some(({name, value}) => /__hit|canary|alert\\(2\\)/.test(value)
    && (name.startsWith('on') || ['src', 'href', 'srcdoc', 'data', 'content', 'formaction'].includes(name)))
).map(element => element.outerHTML.slice(0, 300))"""


@dataclass
class Trap:
    """A browser that notes which payloads ran, in pages of any origin and frame, and what became elements."""

    browser: Browser
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.noticed: list[str] = []
        self.context = self.browser.new_context(**self.options)
        self.context.expose_binding(
            "__hit", lambda _source, number: self.noticed.append(f"ran {number}")
        )
        self.context.on("dialog", self._dialog)
        self.context.on("request", self._request)
        self.context.route(f"{CANARY}/**", lambda route: route.abort())

    def _dialog(self, dialog: Any) -> None:
        self.noticed.append(f"opened a dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if request.url.startswith(CANARY):
            self.noticed.append(f"asked for {request.url}")

    def elements(self, page: Page) -> list[str]:
        """Payloads that are elements of a page or of its frames, as HTML."""
        return [html for frame in page.frames for html in frame.evaluate(ELEMENTS)]

    def close(self) -> None:
        self.context.close()


def careless(spot: str, text: str) -> str:
    """A page that shows a text without escaping it."""
    return f"<!doctype html><html><body>{SPOTS[spot].format(text)}</body></html>"


def squeezed(text: str) -> str:
    """A text with each run of white space as one space, as a page shows it."""
    return re.sub(r"\s+", " ", text).strip()
