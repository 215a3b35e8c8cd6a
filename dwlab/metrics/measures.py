"""The metrics that are measured as a picture is saved. A new one is a file here and a line in METRICS."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .adherence import ADHERENCE
from .pixel_statistics import PIXEL_STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL import Image

    from .metric_set import MetricSet, Value, Values

log = logging.getLogger(__name__)
METRICS = (PIXEL_STATISTICS, ADHERENCE)
# `nan` is measured while a picture is decoded (see render) and cannot be read from a finished one.
NAMES = (*PIXEL_STATISTICS.names, *ADHERENCE.names)
# version 1 looked at the decoder's output only after it was clamped
NAN_VERSION = 2
# `cut` is what a model did not read of its prompts; it cannot be read from a picture either.
CUT_VERSION = 1
# 1 to 5, given by people; kept as marks beside the metrics
STARS = "stars"
# metrics that settings can be ranked by
RANKING = ("adherence", STARS, "brightness", "contrast", "sharpness", "colourfulness")


def applying(model: str, names: Iterable[str] | None = None) -> set[str]:
    """The metrics to compute for a model's pictures: `names`, or all that apply to the model."""
    if names is not None:
        return set(names)
    applicable: set[str] = set()
    for metrics in METRICS:
        if metrics.model in (None, model):
            applicable.update(metrics.names)
    return applicable


def measure(
    image: Image.Image, *, prompt: str, model: str, names: Iterable[str] | None = None
) -> dict[str, tuple[int, Value]]:
    """Metrics of a picture as name -> (version, value).

    names: the ones to compute (None: all that apply to its model). A metric that cannot be computed
    is None, with a warning in the log.
    """
    chosen = applying(model, names)
    measured: dict[str, tuple[int, Value]] = {}
    for metrics in METRICS:
        if chosen.isdisjoint(metrics.names):
            continue
        values = _compute(metrics, image, prompt)
        for name in metrics.names:
            if name in chosen:
                measured[name] = (metrics.version, values.get(name))
    return measured


def _compute(metrics: MetricSet, image: Image.Image, prompt: str) -> Values:
    try:
        return metrics.compute(image, prompt)
    # the picture is finished, whatever goes wrong here
    except Exception as error:  # noqa: BLE001
        names = ", ".join(metrics.names)
        log.warning("%s cannot be measured: %s: %s", names, type(error).__name__, error)
        return {}
