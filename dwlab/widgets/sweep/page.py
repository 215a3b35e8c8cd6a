"""Everything that the page of the sweep panel shows: one trait per part of it."""

from __future__ import annotations

from pathlib import Path

from ..run_page import RunPage, page_script, synced_map

HERE = Path(__file__).parent
# joined in this order
PAGE_SCRIPTS = (
    "chips",
    "editors",
    "row_view",
    "form_view",
    "place_view",
    "workers_view",
    "answer_view",
    "page",
)


class SweepPage(RunPage):
    """The traits that the kernel and the pages of a sweep panel share; a reloaded page reads them."""

    _esm = page_script(HERE, PAGE_SCRIPTS)
    # Experiments, the picked one, the parameters that can be added, and places to compute.
    offer = synced_map()
    # Name, rows and where to compute; `edit` is the page that edited last, and the number of its edit.
    form = synced_map()
    # What is wrong: row, part and text; empty if nothing is.
    problem = synced_map()
    # state (planning, ready, wrong, or none), count, facts, warnings, hints.
    plan = synced_map()
    # Of a run on a cluster: text, dashboard, over, workers (name, place, state, doing, made), more.
    workers = synced_map()
    # What the pictures say: sentences, head and rows of the ranking, how many are left out.
    answer = synced_map()
