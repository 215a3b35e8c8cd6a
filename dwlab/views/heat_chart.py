"""Heat maps: a metric over two axes of a sweep, a panel for each value of a third."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from .charts import LIGHT, WIDTH, footnote, page, safe, safe_all

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    from ..analysis.heat_maps import HeatMap, HeatMaps
    from .charts import Chart, Theme

PANELS = 6
PANELS_BESIDE = 3
ROWS = 40  # of a panel
COLUMNS = 40
NUMBERS = 16  # columns beside each other, in all panels, up to which cells have their numbers
ROW_LABEL = 130  # pixels
COLUMN_LABEL = 110  # pixels of a label that stands upright
INCH = 100  # pixels
# dark to light in equal steps, for colour-blind readers and in grey too (Nuñez et al. 2018)
COLOURS = "cividis"
LIGHT_FROM = 0.45  # luminance
FRAME = "#D55E00"


def heat_map_plot(maps: HeatMaps, *, dark: bool = False) -> Chart:
    """The maps side by side in the same colours: the lighter, the better.

    Settings that are shown to be within the margin have a frame. Places where nothing was measured
    are hatched. Of many maps, rows or columns the first are drawn, and the footnote says so.
    """
    shown = maps.maps[:PANELS]
    beside = min(len(shown), PANELS_BESIDE)
    lines = math.ceil(len(shown) / beside)
    rows = safe_all(list(maps.rows[:ROWS]), ROW_LABEL)
    columns, rotation = _column_labels(maps, beside)
    figure, theme = page(dark, WIDTH, _height(rows, lines, has_upright=rotation > 0))
    grid = figure.subplots(lines, beside, squeeze=False, sharex=True, sharey=True)
    plots = list(grid.flat)
    scale = _scale(maps)
    for plot, each in zip(plots, shown, strict=False):
        _draw(plot, each, scale, theme)
        if len(columns) * beside <= NUMBERS:
            _write_numbers(plot, each, scale)
        _frame_good(plot, each)
        plot.set_title(safe(each.title, 600 // beside, 2), color=theme.ink, fontsize=10)
        plot.set_xticks(range(len(columns)), columns, rotation=rotation)
        plot.set_yticks(range(len(rows)), rows)
    for plot in plots[len(shown) :]:
        plot.set_axis_off()
    for plot in grid[:, 0]:
        plot.set_ylabel(safe(maps.row_axis, 200, 1), color=theme.ink)
    for plot in plots[max(0, len(shown) - beside) : len(shown)]:
        plot.set_xlabel(safe(maps.column_axis, 600 // beside, 1), color=theme.ink)
        # also above a place in the last line that has no panel
        plot.tick_params(labelbottom=True)
    _colour_bar(figure, plots[: len(shown)], scale, maps, theme)
    footnote(figure, theme, _note(maps))
    return figure


def _column_labels(maps: HeatMaps, beside: int) -> tuple[list[str], int]:
    """The labels above each other's columns, and by how many degrees they are turned."""
    texts = list(maps.columns[:COLUMNS])
    room = 480 // (beside * len(texts))
    widest = max(len(text) for text in texts) * 7
    if widest <= room:
        return safe_all(texts, max(room, 20), 1), 0
    return safe_all(texts, COLUMN_LABEL, 1), 90


def _height(rows: list[str], lines: int, *, has_upright: bool) -> float:
    """Inches of the figure."""
    row = max(0.17 * (label.count("\n") + 1) + 0.12 for label in rows)
    panel = max(0.34, row) * len(rows) + 0.45
    below = 0.65 + (COLUMN_LABEL / INCH if has_upright else 0.0)
    return max(2.0, lines * panel + below)


@dataclass(frozen=True)
class _Scale:
    """From values to colours, the same in all panels."""

    low: float
    high: float
    colours: Colormap

    def is_light_at(self, value: float) -> bool:
        """Whether dark text is read better than light text on the colour of a value."""
        share = (value - self.low) / (self.high - self.low)
        red, green, blue, _ = self.colours(share)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue > LIGHT_FROM

    @property
    def mappable(self) -> ScalarMappable:
        """What matplotlib draws a colour bar of."""
        return ScalarMappable(Normalize(self.low, self.high), self.colours)


def _scale(maps: HeatMaps) -> _Scale:
    values = np.concatenate([each.values.reshape(-1) for each in maps.maps])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low == high:
        # one colour from the middle
        low, high = low - 0.5, high + 0.5
    name = COLOURS if maps.is_higher_better else f"{COLOURS}_r"
    return _Scale(low, high, colormaps[name])


def _draw(plot: Axes, each: HeatMap, scale: _Scale, theme: Theme) -> None:
    values = each.values[:ROWS, :COLUMNS]
    plot.set_facecolor(theme.paper)
    rows, columns = values.shape
    missing = Rectangle(
        (-0.5, -0.5), columns, rows, hatch="///", fill=False, edgecolor=theme.muted, linewidth=0
    )
    plot.add_patch(missing)
    image = np.ma.masked_invalid(values)
    plot.imshow(image, cmap=scale.colours, vmin=scale.low, vmax=scale.high, aspect="auto", zorder=1)
    plot.tick_params(color=theme.rule, labelcolor=theme.ink, labelsize=9, length=0)
    for spine in plot.spines.values():
        spine.set_visible(False)


def _write_numbers(plot: Axes, each: HeatMap, scale: _Scale) -> None:
    values = each.values[:ROWS, :COLUMNS]
    # three places in a range from 0 to 1, fewer in wider ones
    digits = int(np.clip(2 - math.floor(math.log10(scale.high - scale.low)), 0, 3))
    for (row, column), value in np.ndenumerate(values):
        if math.isnan(value):
            continue
        plot.text(
            column,
            row,
            f"{value:.{digits}f}",
            ha="center",
            va="center",
            fontsize=8,
            color=LIGHT.ink if scale.is_light_at(value) else LIGHT.paper,
            zorder=3,
        )


def _frame_good(plot: Axes, each: HeatMap) -> None:
    for row, column in np.argwhere(each.within[:ROWS, :COLUMNS]):
        frame = Rectangle(
            (column - 0.46, row - 0.44), 0.92, 0.88, fill=False, edgecolor=FRAME, linewidth=2
        )
        frame.set_zorder(2)
        plot.add_patch(frame)


def _colour_bar(
    figure: Chart, plots: list[Axes], scale: _Scale, maps: HeatMaps, theme: Theme
) -> None:
    bar = figure.colorbar(scale.mappable, ax=plots, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.tick_params(color=theme.muted, labelcolor=theme.ink, labelsize=8)
    name = maps.metric if maps.is_higher_better else f"{maps.metric} (lower is better)"
    bar.set_label(safe(name, 200, 1), color=theme.ink, fontsize=9)


def _note(maps: HeatMaps) -> str:
    """What is not seen: frames explained, what is averaged, and what is left out."""
    notes = []
    if any(each.within.any() for each in maps.maps):
        notes.append("framed: shown to be within the margin of the best")
    over = ["prompts and seeds", *maps.others]
    notes.append(safe(f"means over {', '.join(over)}", 500, 1))
    counts = {maps.third: (PANELS, len(maps.maps))}
    counts[maps.row_axis] = (ROWS, len(maps.rows))
    counts[maps.column_axis] = (COLUMNS, len(maps.columns))
    for name, (most, count) in counts.items():
        if count > most:
            notes.append(safe(f"{most} of {count} values of {name} shown", 300, 1))
    return "; ".join(notes)
