"""Measure the pictures of an experiment again."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..metrics import measures
from ..store import images
from ..store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ..store.metric_values import MeasuredPicture


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


def remeasure(
    root: Path,
    name: str,
    names: Sequence[str] | None = None,
    *,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Measured:
    """Compute the metrics of an experiment's pictures again; files that are gone are counted.

    names: of metrics that are measured as pictures are saved, or None for all that apply.
    on_progress: told after each picture what is measured, how many are done, and of how many.
    """
    with Store(root) as store:
        return _measure(store, store.metrics.pictures(name), names, on_progress)


def measure_what_is_missing(store: Store, experiment: str, names: Sequence[str] | None) -> Measured:
    """Measure an experiment's pictures that lack a metric, such as those made for another one."""
    applying = functools.cache(lambda model: measures.applying(model, names))
    searched = measures.NAMES if names is None else names
    pictures = store.metrics.pictures_lacking(searched, experiment)
    lacking = [picture for picture in pictures if not applying(picture.model) <= picture.metrics]
    return _measure(store, lacking, names)


def _measure(
    store: Store,
    pictures: Sequence[MeasuredPicture],
    names: Sequence[str] | None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Measured:
    metrics = {}
    for done, picture in enumerate(pictures, start=1):
        image = images.read_picture(store.root / picture.image)
        if image is not None:
            metrics[picture.key] = measures.measure(
                image, prompt=picture.prompt, model=picture.model, names=names
            )
        if on_progress:
            on_progress("pictures", done, len(pictures))
    if metrics:
        store.metrics.set(metrics)
    return Measured(len(metrics), len(pictures) - len(metrics))
