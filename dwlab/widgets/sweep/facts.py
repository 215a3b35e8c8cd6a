"""What a sweep that ran was, for a notebook: its cells, its axes, and what stayed the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._util.html import facts_table
from ...analysis.axes import constants, swept

if TYPE_CHECKING:
    import pandas as pd

    from ..._util.html import Html
    from ...analysis.axes import Axis

VALUES_LIMIT = 12  # of an axis
TEXT_LIMIT = 300  # characters


def sweep_facts_html(table: pd.DataFrame) -> Html:
    """The facts as an HTML table of two columns."""
    return facts_table((name, text[:TEXT_LIMIT]) for name, text in _facts(table).items())


def _facts(table: pd.DataFrame) -> dict[str, str]:
    names = [str(name) for name in table["experiment"].unique()]
    facts = {"sweep": ", ".join(names), "cells": _cells(table)}
    for axis in swept(table):
        facts[f"axis {axis.name}"] = _values(axis)
    return {**facts, **constants(table)}


def _cells(table: pd.DataFrame) -> str:
    failed = int((table["status"] != "ok").sum())
    return f"{len(table):,}, {failed:,} failed" if failed else f"{len(table):,}"


def _values(axis: Axis) -> str:
    shown = [axis.label(value) for value in axis.values[:VALUES_LIMIT]]
    text = ", ".join(shown)
    if len(axis.values) > VALUES_LIMIT:
        text += f" … ({len(axis.values)})"
    return text
