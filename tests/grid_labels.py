"""Whether the labels of a contact sheet fit."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from dwlab.views import fonts
from dwlab.views.text_fit import text_width

if TYPE_CHECKING:
    from dwlab.views.grids.sheet import Label, Sheet, Tile


def assert_labels_fit(sheet: Sheet) -> None:
    for label in sheet.labels:
        assert label.x >= 0 and label.x + label.width <= sheet.width
        assert label.y >= 0 and label.y + label.height <= sheet.height
        face = fonts.sized(fonts.dejavu(label.bold), label.size)
        assert all(text_width(line, label.size, label.bold) <= label.width for line in label.lines)
        assert len(label.lines) * (face.getbbox("Ág")[3] - face.getbbox("Ág")[1]) <= label.height
        assert not any(_overlap(label, tile, sheet.side) for tile in sheet.tiles)
    for one, other in itertools.combinations(sheet.labels, 2):
        assert (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        ), (one, other)


def _overlap(label: Label, tile: Tile, side: int) -> bool:
    beside = label.x + label.width <= tile.x or tile.x + side <= label.x
    above_or_below = label.y + label.height <= tile.y or tile.y + side <= label.y
    return not (beside or above_or_below)
