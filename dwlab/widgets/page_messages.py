"""The messages of a panel's pages arrive, even after another page has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ipywidgets as widgets

# ipykernel 7.4 asks a comm by this name where its messages go; older ones never ask.
ROUTE = "_reply_subshell_for"


def hear_every_page(widget: widgets.Widget) -> None:
    """Handle each message in the subshell that its page names, for a widget and all its children.

    Otherwise ipykernel 7 hands the messages of a comm to the subshell for which that comm published
    last. A panel publishes from threads of its own, so that is the subshell of whichever page spoke
    last. Once that page is gone, so is its subshell, and the kernel drops what any page says.
    """
    if hasattr(widget.comm, ROUTE):
        setattr(widget.comm, ROUTE, _subshell_of_the_page)
    if widget.has_trait("children"):
        for child in widget.children:
            hear_every_page(child)
        widget.observe(_hear_new_children, "children")


def _subshell_of_the_page(_data: object, subshell: str | None) -> str | None:
    """The subshell that the page names, or the main shell if a restart has ended it."""
    from ipykernel.kernelbase import Kernel

    subshells = Kernel.instance().shell_channel_thread.manager.list_subshell()
    return subshell if subshell in subshells else None


def _hear_new_children(change: dict[str, list[widgets.Widget]]) -> None:
    for child in change["new"]:
        hear_every_page(child)
