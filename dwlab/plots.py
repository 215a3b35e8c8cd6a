"""The old name of `dwlab.views.plots`, for notebooks that import it."""

from .views.plots import *  # noqa: F403
