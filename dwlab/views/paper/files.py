"""Paper sheets as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._util.atomic import replacing
from ...errors import InvalidInput
from ..figures import TRUETYPE
from .layout import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from .layout import PaperPage
    from .page import Paper

    Follow = Callable[[list[PaperPage]], Iterable[PaperPage]]

FORMATS = (".pdf", ".png")
MOST_PIXELS = 150_000_000  # of a page


def save_sheet(
    table: pd.DataFrame,
    path: Path,
    paper: Paper,
    *,
    rows: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    follow: Follow = iter,
) -> list[Path]:
    """Write all cells of a table to pages of an exact size; returns the files.

    path: a .pdf with all pages, or a .png, of which there is one per page (`-1`, `-2` and so on
    before the suffix if there are several). Each file is whole or not there. rows, columns: as in
    `dwlab.views.grids.drawing.grid`. follow: is handed the pages, and sees them go by. Raises
    InvalidInput for another suffix, an axis that the table does not have, a page that is too small
    for a cell, or a page of too many pixels.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InvalidInput("output", path.name, "a name that ends in .pdf or .png")
    width, height = paper.pixels
    if suffix == ".png" and width * height > MOST_PIXELS:
        allowed = (
            f"at most {MOST_PIXELS:,} pixels per page (this is {width:,} x {height:,}), or .pdf"
        )
        raise InvalidInput("dpi", paper.dpi, allowed)
    laid_out = pages(table, paper, rows=rows, columns=columns)
    if suffix == ".pdf":
        _write_pdf(path, follow(laid_out), paper)
        return [path]
    paths = [path]
    if len(laid_out) > 1:
        numbers = range(1, len(laid_out) + 1)
        paths = [path.with_stem(f"{path.stem}-{number}") for number in numbers]
    for page, page_path in zip(follow(laid_out), paths, strict=True):
        _write_png(page_path, page, paper)
    return paths


def _write_pdf(path: Path, laid_out: Iterable[PaperPage], paper: Paper) -> None:
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages

    from .drawing import PageFigure

    settings: dict[Any, Any] = {"pdf.fonttype": TRUETYPE}
    # without a date the same sheet is the same file
    metadata: dict[str, Any] = {"CreationDate": None, "Title": path.stem}
    with (
        replacing(path) as temporary,
        mpl.rc_context(settings),
        PdfPages(temporary, metadata=metadata) as pdf,
    ):
        for page in laid_out:
            pdf.savefig(PageFigure(page, paper, vector=True).figure, dpi=paper.dpi)


def _write_png(path: Path, page: PaperPage, paper: Paper) -> None:
    from .drawing import PageFigure

    figure = PageFigure(page, paper, vector=False).figure
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=paper.dpi)
