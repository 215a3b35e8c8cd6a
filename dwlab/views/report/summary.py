"""The head of the report: what was made, how it went, and which settings came out on top."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._util.durations import duration
from ..._util.jsonfile import object_in
from ...analysis.effects import RankedSetting, ranked_settings
from ...analysis.labels import label
from ...analysis.metric_columns import numbers, seconds_column
from ...analysis.optional_columns import distinct, failed_cells
from ...spec.table_columns import WORKER
from .numbers_shown import short

if TYPE_CHECKING:
    import pandas as pd

    from ...runs.outcome import Outcome

NAMES = 3  # experiments, models or devices in the line under the title
VERSIONS = 5  # different sets of packages


@dataclass(frozen=True)
class Card:
    """A headline: a number, and what it counts. tone: good, bad or empty."""

    number: str
    counted: str
    note: str
    tone: str = ""


@dataclass(frozen=True)
class Place:
    """The best or the worst setting. ties: how many other settings have the same mean."""

    name: str
    setting: str
    mean: str
    pictures: int
    ties: int


def subtitle(table: pd.DataFrame) -> str:
    """Experiments, models, devices and dates on one line."""
    parts = [_names(table, column) for column in ("experiment", "model", "device")]
    parts.append(_dates(table))
    return " · ".join(part for part in parts if part)


def _names(table: pd.DataFrame, column: str) -> str:
    names = distinct(table, column)
    if len(names) > NAMES:
        names = [*names[: NAMES - 1], f"{names[NAMES - 1]} …"]
    return f"{column} {', '.join(names)}" if names else ""


def _dates(table: pd.DataFrame) -> str:
    dates = sorted(time[:10] for time in distinct(table, "created"))
    if not dates:
        return ""
    return " to ".join(dict.fromkeys((dates[0], dates[-1])))


def cards(table: pd.DataFrame, outcome: Outcome | None, seconds: float | None) -> list[Card]:
    """The headlines. outcome, seconds: of the run that the report is about, if there was one."""
    failed = failed_cells(table)
    # cells that no run reached are not in the table
    cells = outcome.total if outcome else len(table)
    cards = [Card(f"{len(table) - failed:,}", "pictures", f"of {cells:,} cells")]
    if outcome and outcome.reused:
        cards.append(Card(f"{outcome.reused:,}", "reused", "made by an earlier run"))
    if failed:
        cards.append(Card(f"{failed:,}", "failed", "see the errors below", "bad"))
    else:
        cards.append(Card("0", "failed", "no errors", "good"))
    if outcome and outcome.left:
        note = "the run was stopped; run the same sweep again to continue"
        cards.append(Card(f"{outcome.left:,}", "not reached", note, "bad"))
    time = _time(table, seconds)
    return [*cards, time] if time else cards


def _time(table: pd.DataFrame, seconds: float | None) -> Card | None:
    """What the run took, or else what its pictures took together; None if neither is known."""
    column = seconds_column(table)
    times = numbers(table, column).dropna() if column else None
    each = "" if times is None else f"{duration(float(times.median()))} per picture (median)"
    if seconds is not None:
        return Card(duration(seconds), "this run", each)
    if times is not None:
        return Card(duration(float(times.sum())), "of computing", each)
    return None


def best_and_worst(table: pd.DataFrame, metric: str | None) -> list[Place]:
    """The first and the last setting by a metric of quality; none if all have the same mean."""
    ranked = ranked_settings(table, metric) if metric else []
    if len(ranked) < 2 or ranked[0].mean == ranked[-1].mean:
        return []
    return [_place("Best", ranked[0], ranked), _place("Worst", ranked[-1], ranked)]


def _place(name: str, setting: RankedSetting, ranked: list[RankedSetting]) -> Place:
    alike = sum(other.mean == setting.mean for other in ranked)
    return Place(
        name=name,
        setting=setting.setting,
        mean=short(setting.mean),
        pictures=setting.pictures,
        ties=alike - 1,
    )


def versions(table: pd.DataFrame) -> list[str]:
    """The packages that pictures were made with, a text for each set of them."""
    texts = dict.fromkeys(_packages(text) for text in distinct(table, "versions"))
    return list(texts)[:VERSIONS]


def _packages(text: str) -> str:
    named = {name: value for name, value in object_in(text).items() if name != WORKER}
    packages = [f"{name} {_plain(value)}" for name, value in named.items()]
    return ", ".join(packages) or text


def _plain(value: object) -> str:
    if isinstance(value, str | int | float | None):
        return label(value)
    return json.dumps(value, default=str, ensure_ascii=False)
