"""What a panel and its pages need of each other: messages that arrive, and a sign when the kernel is gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget

if TYPE_CHECKING:
    import ipywidgets as widgets

HERE = Path(__file__).parent
ROUTE = "_reply_subshell_for"  # how ipykernel 7.4 asks a comm where its messages go; older ones never ask
SCRIPT = (HERE / "heartbeat.js").read_text(
    "utf-8"
)  # anywidget takes one file per widget, so this is put before it


class Pulse(anywidget.AnyWidget):
    """The line of a panel of plain controls: it tells when the kernel no longer answers. Ctrl+S in the panel saves."""

    _esm = SCRIPT + (HERE / "heartbeat_line.js").read_text("utf-8")


def connect(panel: widgets.Widget) -> None:
    """Keep the pages of a panel in touch with it: their messages arrive, and each learns whether somebody hears it."""
    _hear(panel)
    for widget in (panel, *getattr(panel, "children", ())):
        if isinstance(widget, anywidget.AnyWidget):
            widget.on_msg(_answer)


def _hear(widget: widgets.Widget) -> None:
    """Take each message of a page where that page sent it, for a widget and all that it holds, now or later.

    ipykernel 7 hands the messages of a comm to the subshell for which that comm published last. A panel publishes from
    threads of its own, so that is the subshell of whichever page spoke last. Once that page is gone, so is its
    subshell, and the kernel drops what any page says.
    """
    if hasattr(widget.comm, ROUTE):
        setattr(widget.comm, ROUTE, _subshell_of_the_page)
    if widget.has_trait("children"):
        for child in widget.children:
            _hear(child)
        widget.observe(_hear_new, "children")


def _subshell_of_the_page(_data: Any, subshell: str | None) -> str | None:
    """The subshell that the page named, or the main shell: after a restart pages go on naming one that went with the kernel."""
    from ipykernel.kernelbase import Kernel

    known = Kernel.instance().shell_channel_thread.manager.list_subshell()
    return subshell if subshell in known else None


def _hear_new(change: dict[str, Any]) -> None:
    for child in change["new"]:
        _hear(child)


def _answer(widget: widgets.Widget, content: Any, _buffers: object) -> None:
    if isinstance(content, dict) and "pulse" in content:
        widget.send({"heard": content["pulse"]})
