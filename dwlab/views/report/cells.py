"""The report's single cells: pictures with their recipes, and failures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...analysis.axes import Axis, swept
from ...analysis.labels import label
from ...analysis.optional_columns import statuses
from ...analysis.quality import quality_of
from ...runs.table import open_picture
from ..missing_pictures import reason
from .embedded import thumbnail
from .numbers_shown import short
from .python_recipe import recipe

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    Row = Mapping[Hashable, object]

PICTURES = 500  # thumbnails at most
FAILURES = 100
USUAL = ("seed", "steps", "guidance")  # told of a cell if nothing was swept


@dataclass(frozen=True)
class GalleryEntry:
    """A cell in the gallery. image: a data URI, or empty; then `reason` says why."""

    image: str
    reason: str
    prompt: str
    settings: str
    score: str
    key: str
    recipe: str


@dataclass(frozen=True)
class Failure:
    """A cell that failed."""

    reason: str
    prompt: str
    settings: str
    error: str


def gallery(table: pd.DataFrame) -> list[GalleryEntry]:
    """The cells of the table, or a random sample of so many that stands for all."""
    axes = swept(table)
    metric = quality_of(table)
    positions = _sample(len(table))
    rows = table.iloc[positions].to_dict("records")
    entries = []
    for position, row in zip(positions, rows, strict=True):
        status = str(row.get("status", "ok"))
        picture = open_picture(table, row.get("image")) if status == "ok" else None
        entry = GalleryEntry(
            image=thumbnail(picture) if picture else "",
            reason=reason(status),
            prompt=str(row.get("prompt", "")),
            settings=_settings(row, axes, position),
            score=_score(row, metric),
            key=str(row.get("key", "")),
            recipe=recipe(row),
        )
        entries.append(entry)
    return entries


def _sample(count: int) -> list[int]:
    """Positions of rows in ascending order; always the same ones."""
    if count <= PICTURES:
        return list(range(count))
    # evenly spaced ones could all have the same seed
    chance = np.random.default_rng(0)
    chosen = chance.choice(count, PICTURES, replace=False)
    return [int(position) for position in np.sort(chosen)]


def failures(table: pd.DataFrame) -> list[Failure]:
    """The first cells that failed."""
    axes = swept(table)
    failed = [position for position, status in enumerate(statuses(table)) if status != "ok"]
    positions = failed[:FAILURES]
    rows = table.iloc[positions].to_dict("records")
    return [
        _failure(row, _settings(row, axes, position))
        for row, position in zip(rows, positions, strict=True)
    ]


def _failure(row: Row, settings: str) -> Failure:
    error = row.get("error")
    return Failure(
        reason=reason(str(row.get("status"))),
        prompt=str(row.get("prompt", "")),
        settings=settings,
        error=error if isinstance(error, str) else "no error was recorded",
    )


def _score(row: Row, metric: str | None) -> str:
    value = row.get(metric)
    if not isinstance(value, int | float) or math.isnan(value):
        return ""
    return f"{metric} {short(float(value))}"


def _settings(row: Row, axes: list[Axis], position: int) -> str:
    """What sets a cell apart: its value on every axis but the prompt.

    A name and its value stay on one line.
    """
    if axes:
        parts = [
            axis.named(axis.column.iloc[position]) for axis in axes if axis.names != ("prompt",)
        ]
    else:
        parts = [f"{name} {label(row[name])}" for name in USUAL if row.get(name) is not None]
    return " · ".join(part.replace(" ", "\u00a0") for part in parts)
