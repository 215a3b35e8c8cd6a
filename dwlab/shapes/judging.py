"""The judge of `shapes`: which figure a picture shows, where, how large, and in which colours.

No network is involved: the background is read off the border, the figure is what differs from
it, and its outline is compared with the outlines of the world at unit size.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .captions import named_attributes
from .world import COLOURS, POSITIONS, SHAPES, TAUGHT_SHAPES, figure_mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NONE = "none"
Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

# every picture is read at the area of a square of this side
SIDE = 128
# farthest from the palette that a colour has a name; the closest two there are 112 apart
COLOUR_REACH = 75.0
# a pixel this far from the background belongs to a figure
CONTRAST = 45.0
# smallest share of a picture that is a figure; the world's smallest covers 0.03
LEAST_AREA = 0.009
# longest way from background to figure, over the root of the figure's area; 0.05 to 0.15 if sharp
LONGEST_EDGE = 0.4
# to the best outline, 0..1, below which the shape has no name
LEAST_LIKENESS = 0.5
# wider than the world draws, split between its two ranges
RADII = {"small": (0.08, 0.182), "large": (0.182, 0.34)}
# farthest a centre may lie from a position; neighbours are 0.22 apart
POSITION_REACH = 0.14
# side of the unit-size patches that outlines are compared on
PATCH = 40
# half side of a patch, in root-mean-square radii of the figure
PATCH_REACH = 2.2


@dataclass(frozen=True)
class Verdict:
    """What a picture shows: words of the world, or "none".

    confidence: 0..1; 0 if there is no figure.
    """

    shape: str = NONE
    colour: str = NONE
    size: str = NONE
    position: str = NONE
    background: str = NONE
    confidence: float = 0.0


class _Background(NamedTuple):
    word: str
    colour: Floats  # [3], as measured


class _Figure(NamedTuple):
    cover: Floats  # [H, W] in 0..1
    colour: str
    purity: float  # 0..1: how little there is besides one figure in one colour


class _Patch(NamedTuple):
    cover: Floats  # [PATCH, PATCH], centred and at unit size
    cx: float  # centroid and root-mean-square radius, in pixels
    cy: float
    spread: float


@dataclass(frozen=True)
class _Outline:
    """A shape, slightly shifted and scaled, as figures are compared with it."""

    shape: str
    cover: Floats  # [PATCH * PATCH]
    radius: float  # nominal radius over spread
    dx: float  # nominal centre less centroid, over spread
    dy: float


def judge(image: Image.Image, shapes: Sequence[str] = SHAPES) -> Verdict:
    """What `image` (any mode, any size) shows, in the words of the world.

    shapes: that it may show.

    Without a flat background of the palette and a figure on it everything is "none": noise, blanks,
    gradients. A shape, colour or position outside the world is "none" by itself.
    """
    pixels = _read(image)
    background = _background(pixels)
    if background is None:
        return Verdict()
    figure = _figure(pixels, background)
    if figure is None:
        return Verdict()
    return _verdict(figure, background.word, tuple(shapes))


def shapes_of(prompt: str) -> tuple[str, ...]:
    """The shapes that the picture of a prompt may show: a taught one only if the prompt names it."""
    named = named_attributes(prompt).get("shape")
    return (*SHAPES, named) if named in TAUGHT_SHAPES else SHAPES


def adherence(prompt: str, verdict: Verdict) -> float | None:
    """Share of the attributes named in `prompt` that `verdict` has right, 0..1.

    None if the prompt names none.
    """
    named = named_attributes(prompt)
    if not named:
        return None
    right = sum(getattr(verdict, attribute) == word for attribute, word in named.items())
    return right / len(named)


def _read(image: Image.Image) -> Floats:
    """RGB in 0..255, [H, W, 3], scaled to the area of SIDE x SIDE with its proportions kept."""
    scale = SIDE / math.sqrt(image.width * image.height)
    size = (max(16, round(image.width * scale)), max(16, round(image.height * scale)))
    rgb = image.convert("RGB")
    if rgb.size != size:
        rgb = rgb.resize(size, Image.Resampling.BICUBIC)
    return np.asarray(rgb, dtype=np.float32)


def _background(pixels: Floats) -> _Background | None:
    """The background; None if the border is not flat or not of the palette."""
    sides = (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:])
    border = np.concatenate([side.reshape(-1, 3) for side in sides])
    colour = np.median(border, axis=0)
    flat = (np.linalg.norm(border - colour, axis=1) < 60).mean()
    # a gradient may be flat enough by that count, but its sides differ
    drift = max(np.linalg.norm(np.median(side.reshape(-1, 3), axis=0) - colour) for side in sides)
    word = _colour_word(colour)
    if flat < 0.7 or drift > 40 or word == NONE:
        return None
    return _Background(word, colour)


def _colour_word(colour: Floats, *, other_than: str | None = None) -> str:
    """The palette's nearest word for `colour` [3] within reach, or "none"."""
    palette = {word: rgb for word, rgb in COLOURS.items() if word != other_than}
    return _nearest(palette, colour, COLOUR_REACH)


def _nearest(points: Mapping[str, Sequence[float]], to: Iterable[float], reach: float) -> str:
    """The word of the nearest point within reach, or "none"."""
    distances = {word: math.dist(to, point) for word, point in points.items()}
    word = min(distances, key=distances.__getitem__)
    return word if distances[word] <= reach else NONE


def _figure(pixels: Floats, background: _Background) -> _Figure | None:
    """The largest thing on the background; None if nothing is as large as a figure."""
    ground = background.colour
    smooth = Image.fromarray(pixels.astype(np.uint8)).filter(ImageFilter.BoxBlur(1))
    contrast = np.linalg.norm(np.asarray(smooth, dtype=np.float32) - ground, axis=2)
    foreground = contrast > CONTRAST
    blob = foreground & _grown(_main_blob(foreground), by=2)
    if blob.mean() < LEAST_AREA:
        return None
    inside = blob & (contrast > 0.7 * np.percentile(contrast[blob], 75))
    # without the edge, whose colours are mixtures
    core = ~_grown(~inside, by=1)
    colour = np.median(pixels[core if core.sum() > 20 else inside], axis=0)

    line = colour - ground
    share = _share(pixels, ground, line)
    if not _has_edge(_share(np.asarray(smooth, dtype=np.float32), ground, line), blob):
        return None
    region = _grown(blob, by=2)
    # sharpened about its middle, so that soft pictures compare well with crisp outlines
    cover = np.where(region, np.clip(2 * share - 0.5, 0, 1), 0).astype(np.float32)
    mixture = ground + np.clip(share, 0, 1)[..., None] * line
    other_colour = np.linalg.norm(pixels - mixture, axis=2) > 60
    inside_share = (other_colour & blob).sum() / blob.sum()
    outside_share = (foreground & ~region).sum() / foreground.sum()
    purity = 1 - inside_share - outside_share
    word = _colour_word(colour, other_than=background.word)
    return _Figure(cover, word, max(0.0, float(purity)))


def _share(pixels: Floats, ground: Floats, line: Floats) -> Floats:
    """How far each pixel is along `line` from the background's colour (0) to the figure's (1), [H, W]."""
    length = max(float(line @ line), 1.0)
    return np.asarray((pixels - ground) @ line / length, dtype=np.float32)


def _has_edge(share: Floats, blob: Mask) -> bool:
    """Whether the way from background to figure is short beside the figure; in a gradient it is not."""
    on_the_way = (share > 0.3) & (share < 0.7) & _grown(blob, by=2)
    # a figure so faint that its edge lies outside the blob
    if not on_the_way.any():
        return False
    slope = float(np.median(np.hypot(*np.gradient(share))[on_the_way]))
    return slope * LONGEST_EDGE * math.sqrt(blob.sum()) > 1


def _grown(mask: Mask, *, by: int) -> Mask:
    """`mask` widened by a square of `by` pixels to every side."""
    # rows, then columns, on the transpose
    for _ in range(2):
        wide = mask.copy()
        for step in range(1, by + 1):
            wide[step:] |= mask[:-step]
            wide[:-step] |= mask[step:]
        mask = wide.T
    return mask


def _main_blob(mask: Mask) -> Mask:
    """The connected part of `mask` around its densest point, searched at half size for speed."""
    small = Image.fromarray(mask.astype(np.uint8) * 255).reduce(2)
    small = small.point(lambda value: 255 * (value > 127))
    allowed = np.asarray(small) > 0
    density = np.asarray(small.filter(ImageFilter.BoxBlur(4)), dtype=np.int32) * allowed
    blob = np.zeros_like(allowed)
    blob.flat[int(density.argmax())] = True
    blob &= allowed
    before = -1
    while blob.sum() != before:
        before = int(blob.sum())
        blob = allowed & _grown(blob, by=2)
    return blob.repeat(2, axis=0).repeat(2, axis=1)[: mask.shape[0], : mask.shape[1]]


def _patch(cover: Floats, *, dx: float = 0.0, dy: float = 0.0, zoom: float = 1.0) -> _Patch:
    """`cover` about its centroid at unit size; `dx`, `dy` (in spreads) and `zoom` move the frame."""
    rows, columns = np.indices(cover.shape, dtype=np.float32) + 0.5
    total = max(float(cover.sum()), 1e-6)
    cx = float((cover * columns).sum()) / total
    cy = float((cover * rows).sum()) / total
    variance = float((cover * ((columns - cx) ** 2 + (rows - cy) ** 2)).sum()) / total
    spread = math.sqrt(max(variance, 1.0))
    reach = PATCH_REACH * spread * zoom
    step = 2 * reach / PATCH
    frame = (step, 0, cx + dx * spread - reach, 0, step, cy + dy * spread - reach)
    cut = Image.fromarray(cover).transform(
        (PATCH, PATCH), Image.Transform.AFFINE, frame, Image.Resampling.BILINEAR
    )
    return _Patch(np.asarray(cut), cx, cy, spread)


@cache
def _outlines(shapes: tuple[str, ...]) -> list[_Outline]:
    moves = (-0.08, 0.0, 0.08)
    variants = itertools.product(shapes, (0.93, 1.0, 1.07), moves, moves)
    return [_outline(shape, zoom, dx, dy) for shape, zoom, dx, dy in variants]


@cache
def _outline_covers(shapes: tuple[str, ...]) -> Floats:
    """The covers of all outlines, [N, PATCH * PATCH]."""
    return np.stack([outline.cover for outline in _outlines(shapes)])


def _outline(shape: str, zoom: float, dx: float, dy: float) -> _Outline:
    """The outline of a shape; for zoom, dx and dy see `_patch`."""
    radius = 0.25
    mask = figure_mask(shape, 0.5, 0.5, radius, SIDE)
    drawn = np.asarray(mask, dtype=np.float32) / np.float32(255)
    patch = _patch(drawn, dx=dx, dy=dy, zoom=zoom)
    return _Outline(
        shape,
        patch.cover.ravel(),
        radius * SIDE / patch.spread / zoom,
        # the frame's centre stands at the figure's centroid in the picture that is compared
        dx=((SIDE / 2 - patch.cx) / patch.spread - dx) / zoom,
        dy=((SIDE / 2 - patch.cy) / patch.spread - dy) / zoom,
    )


def _verdict(figure: _Figure, background: str, shapes: tuple[str, ...]) -> Verdict:
    height, width = figure.cover.shape
    patch = _patch(figure.cover)
    overlaps = _overlaps(patch.cover.ravel(), shapes)
    best = int(overlaps.argmax())
    outline = _outlines(shapes)[best]
    radius = outline.radius * patch.spread / math.sqrt(width * height)
    x = (patch.cx + outline.dx * patch.spread) / width
    y = (patch.cy + outline.dy * patch.spread) / height
    likeness = _likeness(overlaps, outline.shape, shapes)
    return Verdict(
        shape=outline.shape if likeness >= LEAST_LIKENESS else NONE,
        colour=figure.colour,
        size=_size_word(radius),
        position=_nearest(POSITIONS, (x, y), POSITION_REACH),
        background=background,
        confidence=round(likeness * figure.purity, 3),
    )


def _overlaps(cover: Floats, shapes: tuple[str, ...]) -> Floats:
    """Soft intersection over union of a patch with every outline, [N] in 0..1."""
    covers = _outline_covers(shapes)
    common = np.minimum(covers, cover).sum(axis=1)
    union = covers.sum(axis=1) + cover.sum() - common
    return np.asarray(common / union)


def _likeness(overlaps: Floats, shape: str, shapes: tuple[str, ...]) -> float:
    """How much a figure is like `shape`, its best match, 0..1.

    The overlap, less if another shape overlaps nearly as well.
    """
    others = [outline.shape != shape for outline in _outlines(shapes)]
    best = float(overlaps.max())
    rival = float(overlaps[others].max())
    by_overlap = min(1.0, max(0.0, (best - 0.5) / 0.45))
    by_lead = min(1.0, 0.5 + 10 * (best - rival))
    return by_overlap * by_lead


def _size_word(radius: float) -> str:
    """The size of a figure; radius: as a share of the picture's side."""
    for size, (least, most) in RADII.items():
        if least <= radius < most:
            return size
    return NONE
