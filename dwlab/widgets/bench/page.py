"""Everything that the page of the benchmark panel shows: one trait per part of it."""

from __future__ import annotations

from pathlib import Path

from ..run_page import RunPage, page_script, synced_list, synced_map

HERE = Path(__file__).parent
# joined in this order
PAGE_SCRIPTS = ("ticks", "comparison_view", "page")


class BenchTraits(RunPage):
    """The traits that the kernel and the pages of a benchmark panel share."""

    _esm = page_script(HERE, PAGE_SCRIPTS)
    # Benchmarks, devices and dtypes to choose from.
    offer = synced_map()
    # benchmark, devices, dtypes, quick, files (names).
    choice = synced_map()
    # state (planning, ready, wrong), count, facts.
    plan = synced_map()
    # field (benchmark, devices, dtypes, files, or empty) and text.
    problem = synced_map()
    # Name and label of each file that can be shown.
    known = synced_list()
    # Of the files that are chosen; see `comparison_page`.
    comparison = synced_map()
