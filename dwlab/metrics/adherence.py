"""Metrics of pictures of the embedded model: what they show, and whether the prompt asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .metric_set import MetricSet, Values

if TYPE_CHECKING:
    from PIL import Image


def adherence(image: Image.Image, prompt: str) -> Values:
    """What the judge of `shapes` finds in a picture, and how much of the prompt that satisfies.

    found_*: words of the judge. adherence: the share of the prompt's attributes that are right,
    0..1; None if the prompt names none.
    """
    from .. import shapes

    verdict = shapes.judge(image, shapes.shapes_of(prompt))
    return {
        "found_shape": verdict.shape,
        "found_colour": verdict.colour,
        "found_size": verdict.size,
        "found_position": verdict.position,
        "found_background": verdict.background,
        "adherence": shapes.adherence(prompt, verdict),
    }


ADHERENCE = MetricSet(
    (
        "found_shape",
        "found_colour",
        "found_size",
        "found_position",
        "found_background",
        "adherence",
    ),
    1,
    adherence,
    model="shapes",
)
