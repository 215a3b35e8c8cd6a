"""Measure the pictures of an experiment again."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..metrics import measures
from ..store import images
from ..store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """How many pictures were measured, and how many could not be, because their file is missing or damaged."""

    pictures: int
    missing: int

    def __str__(self) -> str:
        gone = f", {self.missing} missing or damaged (`dwlab verify` finds them; the sweep then makes them again)"
        return f"{self.pictures} pictures measured{gone if self.missing else ''}"


def remeasure(root: Path, name: str, names: Sequence[str] | None = None) -> Measured:
    """Compute metrics again over an experiment's pictures; those that are gone are passed over and counted."""
    measures.check_names(names)
    with Store(root) as store:
        return measure_again(store, name, names, all_of_them=True)


def measure_again(
    store: Store, experiment: str, names: Sequence[str] | None, *, all_of_them: bool
) -> Measured:
    """Measure an experiment's finished pictures, or those that lack a metric: they were made for another one perhaps."""
    asked = functools.cache(lambda model: measures.applying(model, names))
    lacking = None if all_of_them else set(measures.NAMES if names is None else names)
    rows = [
        row
        for row in store.measured(experiment, lacking)
        if all_of_them or not asked(row["model"]).issubset(row["metrics"])
    ]
    values = {}
    for row in rows:
        if (picture := images.read_picture(store.root / row["image"])) is not None:
            values[row["key"]] = measures.measure(
                picture, prompt=row["prompt"], model=row["model"], names=names
            )
    if values:
        store.set_metrics(values)
    return Measured(len(values), len(rows) - len(values))
