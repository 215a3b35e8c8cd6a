"""The world of `shapes`: one flat figure on a flat background, drawn exactly as described."""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 170, 60),
    "blue": (40, 70, 220),
    "yellow": (240, 215, 40),
    "purple": (140, 40, 180),
    "orange": (250, 140, 25),
    "white": (245, 245, 245),
    "black": (15, 15, 15),
}
SHAPES = ("circle", "square", "triangle", "ring", "cross", "diamond", "star", "heart")
# shapes that the model knows only with a LoRA (see `dwlab.shapes.teach`)
TAUGHT_SHAPES = ("moon",)
# radius as a share of the side
SIZES = {"small": (0.12, 0.145), "large": (0.225, 0.255)}
# centre as shares of the side, from the top left
POSITIONS = {
    "left": (0.28, 0.5),
    "right": (0.72, 0.5),
    "top": (0.5, 0.28),
    "bottom": (0.5, 0.72),
    "center": (0.5, 0.5),
}
# how far a figure's centre may stray, as a share of the side
JITTER = 0.02
# figures are drawn this much larger, then averaged down, for anti-aliased edges
OVERSAMPLE = 4


@dataclass(frozen=True)
class Scene:
    """What a picture of this world shows; every field is a word of the caption grammar."""

    size: str
    colour: str
    shape: str
    position: str
    background: str

    @property
    def held_out(self) -> bool:
        """Whether (shape, colour, background) is among the tenth that training never sees."""
        words = f"{self.shape} {self.colour} {self.background}"
        return hashlib.sha256(words.encode()).digest()[0] < 33

    def as_dict(self) -> dict[str, str]:
        """The attributes by name, in caption order."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


ATTRIBUTES = tuple(f.name for f in fields(Scene))
# the words of each attribute
CHOICES = {
    "size": tuple(SIZES),
    "colour": tuple(COLOURS),
    "shape": SHAPES,
    "position": tuple(POSITIONS),
    "background": tuple(COLOURS),
}


def random_scene(rng: np.random.Generator, *, held_out: bool | None = None) -> Scene:
    """A scene drawn uniformly.

    held_out: True for the held-out tenth only, False for the rest only.
    """
    while True:
        colour, background = rng.choice(list(COLOURS), size=2, replace=False)
        scene = Scene(
            size=str(rng.choice(list(SIZES))),
            colour=str(colour),
            shape=str(rng.choice(SHAPES)),
            position=str(rng.choice(list(POSITIONS))),
            background=str(background),
        )
        if held_out is None or scene.held_out == held_out:
            return scene


def all_scenes() -> Iterator[Scene]:
    """Every scene the world can show: 8 shapes, 8 colours, 7 backgrounds, 2 sizes, 5 positions."""
    every = itertools.product(SHAPES, COLOURS, COLOURS, SIZES, POSITIONS)
    for shape, colour, background, size, position in every:
        if background != colour:
            yield Scene(size, colour, shape, position, background)


def draw(scene: Scene, rng: np.random.Generator, side: int = 128) -> Image.Image:
    """Render `scene` as an RGB picture of `side` pixels; `rng` varies position and size slightly."""
    radius = rng.uniform(*SIZES[scene.size])
    x, y = POSITIONS[scene.position]
    cx = x + rng.uniform(-JITTER, JITTER)
    cy = y + rng.uniform(-JITTER, JITTER)
    mask = figure_mask(scene.shape, cx, cy, radius, side)
    background = Image.new("RGB", (side, side), COLOURS[scene.background])
    background.paste(COLOURS[scene.colour], mask=mask)
    return background


def figure_mask(shape: str, cx: float, cy: float, radius: float, side: int) -> Image.Image:
    """Coverage of a figure as an 8-bit picture; centre and radius as shares of the side."""
    scale = side * OVERSAMPLE
    mask = Image.new("L", (scale, scale))
    pen = ImageDraw.Draw(mask)
    if shape in ("circle", "ring"):
        pen.ellipse(_disc(cx, cy, radius, scale), 255)
    else:
        outline = [
            ((cx + x * radius) * scale, (cy + y * radius) * scale) for x, y in _OUTLINES[shape]
        ]
        pen.polygon(outline, 255)
    if shape == "ring":
        pen.ellipse(_disc(cx, cy, radius * 0.55, scale), 0)
    return mask.reduce(OVERSAMPLE)


def _disc(cx: float, cy: float, radius: float, scale: int) -> list[float]:
    """The box around a disc, in pixels of a picture of `scale` pixels."""
    return [
        (cx - radius) * scale,
        (cy - radius) * scale,
        (cx + radius) * scale,
        (cy + radius) * scale,
    ]


def _star() -> list[tuple[float, float]]:
    points = []
    for corner in range(10):
        angle = math.pi * corner / 5
        radius = 1.15 if corner % 2 == 0 else 0.48
        points.append((radius * math.sin(angle), -radius * math.cos(angle)))
    return points


def _heart() -> list[tuple[float, float]]:
    # the parametric heart curve of MathWorld ("Heart Curve"), scaled to a unit radius
    points = []
    for k in range(64):
        t = 2 * math.pi * k / 64
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((x / 15.5, -(y + 2) / 15.5))
    return points


def _moon() -> list[tuple[float, float]]:
    """A crescent: a disc of radius 1 without one of radius 0.95 whose centre is 0.7 to the right."""
    bite = 0.95
    offset = 0.7
    # where the two circles meet
    x = (1 - bite**2 + offset**2) / (2 * offset)
    outer = math.acos(x)
    inner = math.acos((x - offset) / bite)
    points = []
    for step in range(49):
        angle = outer + (2 * math.pi - 2 * outer) * step / 48
        points.append((math.cos(angle), math.sin(angle)))
    for step in range(49):
        angle = 2 * math.pi - inner - (2 * math.pi - 2 * inner) * step / 48
        points.append((offset + bite * math.cos(angle), bite * math.sin(angle)))
    # about its own middle
    return [(1.15 * (x + 0.3), 1.15 * y) for x, y in points]


_ARM = 0.34  # half the width of the cross's arms

# points at unit radius about the centre
_OUTLINES = {
    "square": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
    "triangle": [(0, -1.0), (1.05, 0.85), (-1.05, 0.85)],
    "diamond": [(0, -1.1), (0.75, 0), (0, 1.1), (-0.75, 0)],
    "cross": [
        (-_ARM, -1),
        (_ARM, -1),
        (_ARM, -_ARM),
        (1, -_ARM),
        (1, _ARM),
        (_ARM, _ARM),
        (_ARM, 1),
        (-_ARM, 1),
        (-_ARM, _ARM),
        (-1, _ARM),
        (-1, -_ARM),
        (-_ARM, -_ARM),
    ],
    "star": _star(),
    "heart": _heart(),
    "moon": _moon(),
}
