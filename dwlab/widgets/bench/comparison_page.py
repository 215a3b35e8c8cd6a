"""A comparison as the page of the benchmark panel shows it: sentences, charts and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._util.html import data_uri
from ...bench.charts import charts
from ...bench.comparison_table import table_for_page

if TYPE_CHECKING:
    from ...bench.compare import Comparison

# what the charts show, for people and for those who hear the page
TITLES = {
    "speed": "Pictures per second",
    "phases": "Where the time goes",
    "parity": "Speed against the distance from float32",
    "batch": "Pictures per second against pictures per call",
}


def comparison_for_page(comparison: Comparison) -> dict[str, object]:
    """`sentences`, `head`, `rows`, `notes` and `machines`."""
    head, rows = table_for_page(comparison.rows)
    return {
        "sentences": comparison.sentences,
        "head": head,
        "rows": rows,
        "notes": list(comparison.notes),
        "machines": [str(machine) for machine in comparison.machines.values()],
    }


def charts_for_page(comparison: Comparison) -> list[dict[str, str]]:
    """The charts: `title`, and the addresses of pictures for `light` and `dark` pages."""
    light = charts(comparison.rows)
    dark = charts(comparison.rows, dark=True)
    return [
        {
            "title": TITLES[name],
            "light": data_uri(light[name].png(), "png"),
            "dark": data_uri(dark[name].png(), "png"),
        }
        for name in light
    ]
