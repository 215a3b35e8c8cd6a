"""A results folder whose sweeps can be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import results

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Results(results.Results):
    """A results folder, for reading, with what its tables say and the figures of it.

    path: the folder, or None for the usual one.
    """

    def plot(
        self, name: str, figure: str, *, metric: str | None = None, dark: bool = False
    ) -> Figure:
        """A figure of an experiment, such as "frontier": see `dwlab.views.figures.draw`."""
        from .figures import draw

        return draw(self.table(name), figure, metric=metric, dark=dark)
