"""Everything that the page of the prompt bench shows: one trait per part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ...views.comparison import COMPARISON, COMPARISON_STYLE
from ...views.design import style_of
from ...views.scripts import ELEMENTS, PICTURE_DIALOG, PICTURE_DIALOG_STYLE, joined
from ..heartbeat import SCRIPT
from ..small_pictures import THEMED_STYLE

HERE = Path(__file__).parent
# anywidget takes one script per widget, so the page's are joined in this order.
PAGE_SCRIPTS = (
    "labels",
    "picture_files",
    "picture_actions",
    "vary",
    "prompt_weights",
    "prompt_history",
    "prompt_helps",
    "accelerate",
    "fields",
    "start",
    "mask",
    "painter",
    "run",
    "stage",
    "history_layout",
    "history_parts",
    "history_thumbnails",
    "run_heads",
    "history_tile",
    "history_keyboard",
    "history_gallery",
    "history_bar",
    "pair_panel",
    "history_details",
    "history",
    "sweep_form",
    "page",
)


def _script() -> str:
    shared = SCRIPT + ELEMENTS + PICTURE_DIALOG + COMPARISON + joined(HERE.parent, ["requests"])
    return shared + joined(HERE, PAGE_SCRIPTS)


def _map() -> Any:
    return traitlets.Dict().tag(sync=True)


def _list() -> Any:
    return traitlets.List().tag(sync=True)


class PageTraits(anywidget.AnyWidget):
    """The traits that the kernel and the pages of a bench share; a page that is reloaded reads them."""

    _esm = _script()
    _css = style_of(
        PICTURE_DIALOG_STYLE,
        HERE / "page.css",
        HERE / "history.css",
        COMPARISON_STYLE,
        THEMED_STYLE,
    )
    # What is in the fields.
    controls = _map()
    # What can be chosen: models, schedulers, limits, the fields that the model ignores.
    offer = _map()
    # Field -> what is wrong with it; "" is about no single field.
    problems = _map()
    # Text field -> its tokens, the encoder's limit, how many characters the encoder reads.
    tokens = _map()
    # What the recipe has beside the fields: name -> words.
    extras = _list()
    # The picture that runs start from, its mask, and which of their fields the model uses.
    start = _map()
    # Snippets and styles: kind, name, text, negative_prompt.
    saved = _list()
    # Text, tone, share of the work, unfinished tasks.
    status = _map()
    # A text that outlasts a status that moves on; the next action takes it away.
    notice = traitlets.Unicode().tag(sync=True)
    # What only the page decides: the chosen and the held picture, the fields of the sweep's form.
    page = _map()
    # The pictures of the last run, as they form.
    stage = _list()
    # How pages look at the history: layout, search, filters, the pair that is compared.
    view = _map()
    # The keys of the pictures that are selected in it.
    selected = _list()
    # What the history lists so: version, how many, of how many, what it can be filtered by.
    listing = _map()
    # The chosen picture of the history.
    picked = _map()
    # What the chosen and the compared pictures started from: how a recipe names one -> its address.
    inputs = _map()
    # Two pictures and the parameters in which they differ.
    pair = _map()
    # The sweep that the controls would make.
    plan = _map()
    # What the sweep's form says: text, tone, the field it is about, the page that asked.
    form = _map()
    # The sweep that runs, or ran last: name, text, tone, share, running, grid.
    sweeping = _map()
