"""The old name of `dwlab.views.plots`, for notebooks that import it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .analysis.crossed import crossed_means
from .views.plots import *  # noqa: F403

if TYPE_CHECKING:
    import numpy as np


def interval(sample: np.ndarray) -> tuple[float, float]:
    """The 95% interval of the mean of at least two independent numbers.

    Pictures of one prompt or of one seed are not independent, nor are differences between them:
    `dwlab.analysis.comparison.compare` is for those.
    """
    mean = crossed_means(sample[None, :, None].astype(float))
    return float(mean.low()[0]), float(mean.high()[0])
