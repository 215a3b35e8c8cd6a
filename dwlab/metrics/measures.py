"""The metrics that are measured as a picture is saved."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .built_in_functions import built_in_functions
from .measured_cell import MeasuredCell
from .metric_set import MetricSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from PIL import Image

    from .built_in_functions import BuiltIn
    from .metric_set import Value, Values

    PicturesFunction = Callable[[Sequence[Image.Image], Sequence[MeasuredCell]], list[Values]]

log = logging.getLogger(__name__)


def set_of(built_in: BuiltIn) -> MetricSet:
    """The metrics that a function of `built_in` measures as pictures are saved."""
    measure_pictures: PicturesFunction = built_in.function

    def compute(image: Image.Image, prompt: str) -> Values:
        (values,) = measure_pictures([image], [MeasuredCell("", {"prompt": prompt})])
        return values

    options = built_in.options
    return MetricSet(options.columns, built_in.facts.version, compute, options.model)


_USUAL = [each for each in built_in_functions() if each.options.usual]
METRICS = tuple(map(set_of, _USUAL))
# what is known of columns that are called like their function
FACTS = {each.name: each.facts for each in _USUAL if each.name in each.options.columns}
# `nan` is measured while a picture is decoded (see render) and cannot be read from a finished one.
NAMES = tuple(name for each in METRICS for name in each.names)
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
