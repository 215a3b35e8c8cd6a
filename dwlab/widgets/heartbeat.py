"""A sign of life for the pages of a panel: each learns when the kernel no longer answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anywidget

from .page_messages import hear_every_page

if TYPE_CHECKING:
    import ipywidgets as widgets

HERE = Path(__file__).parent
# anywidget takes one script per widget, so each widget's own comes after this one.
SCRIPT = (HERE / "heartbeat.js").read_text("utf-8")


class HeartbeatLine(anywidget.AnyWidget):
    """The line of a panel of plain controls that tells when the kernel no longer answers.

    It also hands Ctrl+S in the panel on to the notebook, which saves.
    """

    _esm = SCRIPT + (HERE / "heartbeat_line.js").read_text("utf-8")


def connect(panel: widgets.Widget) -> None:
    """Keep the pages of a panel in touch with it: messages arrive, and heartbeats are answered."""
    hear_every_page(panel)
    for widget in (panel, *getattr(panel, "children", ())):
        if isinstance(widget, anywidget.AnyWidget):
            widget.on_msg(_answer)


def _answer(widget: widgets.Widget, content: object, _buffers: object) -> None:
    if isinstance(content, dict) and "heartbeat" in content:
        widget.send({"heard": content["heartbeat"]})
