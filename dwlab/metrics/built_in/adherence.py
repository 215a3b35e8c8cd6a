"""Metrics of pictures of the embedded model: what they show, and whether the prompt asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..decorator import metric
from ..metric import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from ..measured_cell import MeasuredCell
    from ..metric_set import Values


@metric(
    version=1,
    bounds=(0, 1),
    options=Options(
        usual=True,
        model="shapes",
        columns=(
            "found_shape",
            "found_colour",
            "found_size",
            "found_position",
            "found_background",
            "adherence",
        ),
    ),
)
def adherence(pictures: Sequence[Image.Image], cells: Sequence[MeasuredCell]) -> list[Values]:
    """What the judge of `shapes` finds in pictures, and how much of their prompts that satisfies."""
    pairs = zip(pictures, cells, strict=True)
    return [judged(picture, cell.prompt) for picture, cell in pairs]


def judged(image: Image.Image, prompt: str) -> Values:
    """What the judge of `shapes` finds in a picture, and how much of the prompt that satisfies.

    found_*: words of the judge. adherence: the share of the prompt's attributes that are right,
    0..1; None if the prompt names none.
    """
    from ... import shapes

    verdict = shapes.judge(image, shapes.shapes_of(prompt))
    return {
        "found_shape": verdict.shape,
        "found_colour": verdict.colour,
        "found_size": verdict.size,
        "found_position": verdict.position,
        "found_background": verdict.background,
        "adherence": shapes.adherence(prompt, verdict),
    }
