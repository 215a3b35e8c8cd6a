"""The look that all charts share: for a page of about 700 pixels, light or dark.

Nothing here uses pyplot, so charts may be drawn in any thread.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.figure import Figure
from matplotlib.text import Text

from .design import colours
from .fonts import families
from .text_fit import fit, fit_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase

MARKERS = "osD^vPX"
WIDTH = 7.0  # inches
HEIGHT = 3.6
TICKS = 10  # measured places up to which each one is a tick
# places that are further apart than this factor are spaced by powers of two
WIDE_RANGE = 12
TEXT_SIZE = 12  # pixels of the text that `safe` measures


@dataclass(frozen=True)
class Theme:
    """Colours for ink on paper."""

    ink: str
    muted: str
    rule: str
    paper: str
    colours: tuple[str, ...]


def _theme(dark: bool) -> Theme:
    """The colours of the pages' tokens, see `tokens.css`."""
    tokens = colours(dark)
    series = tuple(shade for name, shade in tokens.items() if name.startswith("series-"))
    return Theme(
        ink=tokens["ink"],
        muted=tokens["muted"],
        rule=tokens["rule"],
        paper=tokens["card"],
        colours=series,
    )


LIGHT = _theme(dark=False)
DARK = _theme(dark=True)


class Chart(Figure):
    """A figure that a notebook shows, with or without pyplot.

    Scripts that DejaVu Sans lacks are drawn in a font that has them.
    """

    def draw(self, renderer: RendererBase) -> None:
        """Draw all of it."""
        for text in self.findobj(Text):
            needed = families(text.get_text())
            if len(needed) > 1:
                text.set_fontfamily(needed)
        super().draw(renderer)

    def _repr_png_(self) -> bytes:
        return self.png()

    def png(self) -> bytes:
        """The chart as the bytes of a PNG."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


class Canvas(NamedTuple):
    """An empty chart: the figure, its plot, and the colours to draw with."""

    figure: Chart
    plot: Axes
    theme: Theme


def canvas(dark: bool) -> Canvas:
    """An empty chart for a light or a dark page."""
    figure, theme = page(dark)
    plot = figure.add_subplot()
    style(plot, theme)
    return Canvas(figure, plot, theme)


def page(dark: bool, width: float = WIDTH, height: float = HEIGHT) -> tuple[Chart, Theme]:
    """A chart without plots, of so many inches, and the colours to draw with."""
    theme = DARK if dark else LIGHT
    size = (width, height)
    return Chart(figsize=size, dpi=100, layout="constrained", facecolor=theme.paper), theme


def style(plot: Axes, theme: Theme, *, size: float = 9) -> None:
    """Give a plot the look that all have. size: of the numbers along its axes, in points."""
    plot.set_facecolor(theme.paper)
    plot.grid(color=theme.rule, linewidth=0.8)
    plot.set_axisbelow(True)
    plot.tick_params(color=theme.rule, labelcolor=theme.ink, labelsize=size, length=0)
    for axis in (plot.xaxis, plot.yaxis):
        axis.label.set(color=theme.ink, fontsize=size + 1)
    for side, spine in plot.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(theme.muted)


def nothing(figure: Chart, plot: Axes, theme: Theme, text: str) -> Chart:
    """The figure with a sentence instead of a chart."""
    plot.set_axis_off()
    figure.set_size_inches(WIDTH, 1.2)
    plot.text(
        0.5,
        0.5,
        safe(text, 600),
        color=theme.muted,
        ha="center",
        va="center",
        transform=plot.transAxes,
    )
    return figure


def footnote(figure: Chart, theme: Theme, text: str) -> None:
    """A small line of text below the plot, at its right."""
    figure.supxlabel(text, fontsize=8, color=theme.muted, x=0.99, ha="right")


def number_scale(plot: Axes, places: list[float], theme: Theme) -> None:
    """Ticks at the chosen numbers (ascending), spaced by powers of two if they reach far."""
    if not places:
        return
    amount_scale(plot, places, theme)
    if len(places) <= TICKS:
        plot.set_xticks(places, [f"{place:.6g}" for place in places])
        plot.set_xticks([], minor=True)


def amount_scale(plot: Axes, amounts: list[float], theme: Theme) -> None:
    """Usual ticks for what was measured (ascending), spaced by powers of two if it reaches far."""
    # otherwise steps 2 to 64 would crowd at the left
    if amounts[0] > 0 and amounts[-1] / amounts[0] >= WIDE_RANGE:
        plot.set_xscale("log", base=2)
    plot.xaxis.set_major_formatter("{x:.6g}")
    plot.tick_params(axis="x", which="both", labelcolor=theme.ink)


def legend_beside(plot: Axes, title: str, theme: Theme) -> None:
    """A legend at the right of the plot."""
    legend = plot.legend(
        title=safe(title),
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        fontsize=9,
        labelcolor=theme.ink,
    )
    legend.get_title().set(color=theme.muted, fontsize=9)


def safe(text: str, width: int = 170, lines: int = 2) -> str:
    """Text for matplotlib: no formulas, known glyphs, at most `lines` lines of `width` pixels."""
    return _escaped(fit(text, width, lines, TEXT_SIZE))


def safe_all(texts: Sequence[str], width: int = 170, lines: int = 2) -> list[str]:
    """Like `safe`, for labels beside each other; those that would look alike get a number."""
    return [_escaped(shown) for shown in fit_all(texts, width, lines, TEXT_SIZE)]


def _escaped(lines: tuple[str, ...]) -> str:
    shown = "\n".join(lines)
    # an underscore at the start hides a legend entry
    if shown.startswith("_"):
        shown = f"\u00a0{shown}"
    # dollars start a formula
    return shown.replace("$", r"\$")
