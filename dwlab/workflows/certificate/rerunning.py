"""One picture made again, and how it differs from the original."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..._util.html import figure_html
from ..._util.text_table import text_table
from ...errors import InvalidInput, ModelError, RenderError
from ...paths import results_folder
from .redrawing import redraw
from .stored_cells import cell_of_key, cell_of_png
from .verdicts import Verdict, judge, shown

if TYPE_CHECKING:
    from ...pictures.picture import Picture


@dataclass(frozen=True)
class Rerun:
    """A picture that was made again. verdict: how it differs from the original."""

    picture: Picture
    verdict: Verdict

    def __str__(self) -> str:
        lines = [str(self.verdict)]
        rows = [
            (difference.name, shown(difference.left), shown(difference.right))
            for difference in self.verdict.environment
        ]
        if rows:
            lines.append(text_table(rows, ("differs", "in the row", "here")))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        caption = {"compared": str(self), **self.picture.params.as_dict()}
        return figure_html(self.picture.image, caption, max(self.picture.image.size))


def rerun(
    picture: str | Path,
    *,
    results: str | Path | None = None,
    model: str | None = None,
    device: str = "auto",
) -> Rerun:
    """Make a picture again from its recipe, and compare it with the original.

    picture: the path of a PNG that dwlab made, or a key of the results folder, of which the first 8
    digits are enough. model: used instead of the one that the recipe names, for models that it knows
    by their fingerprint only. device: see `dwlab.stream`. Nothing is stored or downloaded.

    Raises InvalidInput for what is no picture of dwlab's, ModelError if its model or a file is not
    here or has changed, RenderError when the picture fails.
    """
    root = results_folder(results)
    path = Path(picture).expanduser()
    is_file = isinstance(picture, Path) or path.suffix.lower() == ".png" or path.is_file()
    cell = cell_of_png(path, root, model) if is_file else cell_of_key(root, str(picture), model)
    redrawn = next(redraw([cell], root, device=device))
    if redrawn.picture is None:
        if redrawn.is_altered:
            raise InvalidInput(
                "picture", str(picture), f"one that was not altered: {redrawn.reason}"
            )
        if redrawn.is_absent:
            raise ModelError(f"the picture cannot be made again here: {redrawn.reason}")
        raise RenderError(f"the picture failed: {redrawn.reason}")
    return Rerun(redrawn.picture, judge(redrawn))
