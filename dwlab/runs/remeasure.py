"""Measure the pictures of an experiment again."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..metrics import measures
from ..store import images
from ..store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """How many pictures were measured, and how many files were missing or damaged."""

    pictures: int
    missing: int

    def __str__(self) -> str:
        text = f"{self.pictures} pictures measured"
        if self.missing:
            text += (
                f", {self.missing} missing or damaged (`dwlab verify` finds them; the sweep then "
                "makes them again)"
            )
        return text


def remeasure(root: Path, name: str, names: Sequence[str] | None = None) -> Measured:
    """Compute the metrics of an experiment's pictures again; files that are gone are counted.

    names: of metrics, or None for all that apply.
    """
    measures.check_names(names)
    with Store(root) as store:
        return _measure(store, list(store.measured(name, None)), names)


def measure_what_is_missing(store: Store, experiment: str, names: Sequence[str] | None) -> Measured:
    """Measure an experiment's pictures that lack a metric, such as those made for another one."""
    applying = functools.cache(lambda model: measures.applying(model, names))
    wanted = measures.NAMES if names is None else names
    rows = [
        row
        for row in store.measured(experiment, set(wanted))
        if not applying(row["model"]).issubset(row["metrics"])
    ]
    return _measure(store, rows, names)


def _measure(store: Store, rows: Sequence[dict[str, Any]], names: Sequence[str] | None) -> Measured:
    metrics = {}
    for row in rows:
        picture = images.read_picture(store.root / row["image"])
        if picture is not None:
            metrics[row["key"]] = measures.measure(
                picture, prompt=row["prompt"], model=row["model"], names=names
            )
    if metrics:
        store.set_metrics(metrics)
    return Measured(len(metrics), len(rows) - len(metrics))
