"""The look that all charts share: a canvas for a page of about 700 pixels, light or dark; no pyplot, so threads are safe."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.text import Text

from .fonts import families
from .text_fit import fit, fit_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase

# Okabe and Ito, "Color Universal Design" (2008), without the yellow that vanishes on white
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
ON_DARK = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442", "#A6A6A6")
MARKERS = "osD^vPX"


@dataclass(frozen=True)
class Theme:
    """Colours for ink on paper."""

    ink: str
    muted: str
    rule: str
    paper: str
    colours: tuple[str, ...]


LIGHT = Theme("#1c1d21", "#6a6e76", "#e3e4e7", "#ffffff", PALETTE)
DARK = Theme("#ebecef", "#a2a6b0", "#34373f", "#1b1d23", ON_DARK)


class Chart(Figure):
    """A figure that a notebook shows, with or without pyplot; scripts that DejaVu Sans lacks are in a font that has them."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw all of it."""
        for text in self.findobj(Text):
            if len(needed := families(text.get_text())) > 1:
                text.set_fontfamily(needed)
        super().draw(renderer)

    def _repr_png_(self) -> bytes:
        return self.png()

    def png(self) -> bytes:
        """The chart as the bytes of a PNG."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def canvas(dark: bool) -> tuple[Chart, Axes, Theme]:
    """An empty chart: the figure, its plot, and the colours to draw with."""
    ink = DARK if dark else LIGHT
    figure = Chart(figsize=(7.0, 3.6), dpi=100, layout="constrained", facecolor=ink.paper)
    plot = figure.add_subplot(facecolor=ink.paper)
    plot.grid(color=ink.rule, linewidth=0.8)
    plot.set_axisbelow(True)
    plot.tick_params(color=ink.rule, labelcolor=ink.ink, labelsize=9, length=0)
    for part in (plot.xaxis.label, plot.yaxis.label):
        part.set(color=ink.ink, fontsize=10)
    for side, spine in plot.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(ink.muted)
    return figure, plot, ink


def nothing(figure: Chart, plot: Axes, ink: Theme, text: str) -> Chart:
    """The figure with a sentence in place of a chart."""
    plot.set_axis_off()
    figure.set_size_inches(7.0, 1.2)
    plot.text(
        0.5,
        0.5,
        safe(text, 600),
        color=ink.muted,
        ha="center",
        va="center",
        transform=plot.transAxes,
    )
    return figure


def number_scale(plot: Axes, places: list[float], ink: Theme) -> None:
    """Ticks at the places that were measured, spaced by powers of two where they reach far."""
    if not places:
        return
    if places[0] > 0 and places[-1] / places[0] >= 12:  # steps 2 to 64 would crowd at the left
        plot.set_xscale("log", base=2)
    if len(places) <= 10:
        plot.set_xticks(places, [f"{p:.6g}" for p in places])
        plot.set_xticks([], minor=True)
    plot.tick_params(axis="x", which="both", labelcolor=ink.ink)


def legend_beside(plot: Axes, title: str, ink: Theme) -> None:
    """A legend at the right of the plot."""
    legend = plot.legend(
        title=safe(title),
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        fontsize=9,
        labelcolor=ink.ink,
    )
    legend.get_title().set(color=ink.muted, fontsize=9)


def safe(text: str, width: int = 170, lines: int = 2) -> str:
    """Text for matplotlib: no formulas, known glyphs, at most `lines` lines of `width` pixels."""
    return _escaped(fit(text, width, lines, 12))


def safe_all(texts: Sequence[str], width: int = 170, lines: int = 2) -> list[str]:
    """As `safe`, for labels beside each other, which are told apart."""
    return [_escaped(shown) for shown in fit_all(texts, width, lines, 12)]


def _escaped(lines: tuple[str, ...]) -> str:
    shown = "\n".join(lines)
    # an underscore at the start hides a legend entry, and dollars start a formula
    return ("\u00a0" + shown if shown.startswith("_") else shown).replace("$", r"\$")
