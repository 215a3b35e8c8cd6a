"""A results folder whose sweeps can be drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis import results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from ..analysis.selection import Conditions


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

    def sheet(
        self,
        name: str,
        path: str | Path,
        *,
        page: str = "a4",
        dpi: int = 300,
        font: float = 8.0,
        picture: float | None = None,
        margin: float = 10.0,
        rows: str | Sequence[str] | None = None,
        columns: str | Sequence[str] | None = None,
        where: Conditions = (),
    ) -> list[Path]:
        """All pictures on pages of an exact size, as .pdf or .png; returns the files.

        page: like `a4`, `letter-landscape` or `85x120mm`. font: points. picture, margin: mm. See
        `dwlab.views.paper.files.save_sheet`, and for where `dwlab.analysis.selection.selected`.
        """
        from .paper.files import save_sheet
        from .paper.page import paper

        size = paper(page, dpi=dpi, font=font, picture=picture, margin=margin)
        table = self.select(name, where=where)
        return save_sheet(table, Path(path), size, rows=rows, columns=columns)

    def animate(
        self,
        name: str,
        path: str | Path,
        along: str,
        *,
        fps: float = 2.0,
        rows: str | Sequence[str] | None = None,
        columns: str | Sequence[str] | None = None,
        side: int | None = None,
        where: Conditions = (),
    ) -> Path:
        """What changes along an axis, as .gif, .webp or .mp4; returns the file.

        fps: values of the axis per second. side: pixels of a cell. See
        `dwlab.views.animation.files.save_animation`, and for where
        `dwlab.analysis.selection.selected`.
        """
        from .animation.files import save_animation

        table = self.select(name, where=where)
        return save_animation(
            table, Path(path), along, fps=fps, rows=rows, columns=columns, side=side
        )
