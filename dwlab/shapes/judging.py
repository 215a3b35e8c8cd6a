"""The judge of `shapes`: which figure a picture shows, where, how large, and in which colours.

No network is involved: the background is read off the border, the figure is what differs from
it, and its outline is compared with the outlines of the world at unit size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .captions import asked
from .world import COLOURS, POSITIONS, SHAPES, SIZES, figure_mask

NONE = "none"
Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

SIDE = 128  # every picture is read at the area of a square of this side
COLOUR_REACH = (
    75.0  # farthest from the palette that a colour has a name; the closest two there are 112 apart
)
CONTRAST = 45.0  # a pixel this far from the background belongs to a figure
LEAST_AREA = 0.009  # smallest share of a picture that is a figure; the world's smallest covers 0.03
LONGEST_EDGE = 0.4  # from background to figure, over the root of the figure's area; 0.05 to 0.15 where drawn sharp
LEAST_LIKENESS = 0.5  # to the best outline, 0..1, below which the shape has no name
RADII = {
    "small": (0.08, 0.182),
    "large": (0.182, 0.34),
}  # wider than the world draws, split between its two ranges
POSITION_REACH = 0.14  # farthest a centre may lie from a position; neighbours are 0.22 apart
PATCH = 40  # side of the unit-size patches that outlines are compared on
PATCH_REACH = 2.2  # half side of a patch, in root-mean-square radii of the figure


@dataclass(frozen=True)
class Verdict:
    """What a picture shows: words of the world, or "none"; `confidence` is 0..1 and 0 where nothing is found."""

    shape: str = NONE
    colour: str = NONE
    size: str = NONE
    position: str = NONE
    background: str = NONE
    confidence: float = 0.0


class _Figure(NamedTuple):
    cover: Floats  # [H, W] in 0..1
    colour: str
    purity: float  # 0..1: how little there is besides one figure in one colour


class _Patch(NamedTuple):
    cover: Floats  # [PATCH, PATCH], centred and at unit size
    cx: float  # centroid and root-mean-square radius, in pixels
    cy: float
    spread: float


class _Outlines(NamedTuple):
    covers: Floats  # [N, PATCH * PATCH]: every shape, slightly shifted and scaled
    areas: Floats  # [N]
    shapes: list[str]  # [N]
    radius: Floats  # [N] nominal radius over spread
    offset: Floats  # [N, 2] nominal centre less centroid, over spread


def judge(image: Image.Image) -> Verdict:
    """What `image` (any mode, any size) shows, in the words of the world.

    Without a flat background of the palette and a figure on it everything is "none": noise, blanks,
    gradients. A figure that fits no shape, or a colour or place outside the world, is "none" by itself.
    """
    pixels = _read(image)
    ground = _background(pixels)
    if ground is None:
        return Verdict()
    figure = _figure(pixels, *ground)
    if figure is None:
        return Verdict()
    return _verdict(figure, ground[0])


def adherence(prompt: str, verdict: Verdict) -> float | None:
    """Share of the attributes `prompt` names that `verdict` has right, 0..1; None where it names none."""
    wanted = asked(prompt)
    if not wanted:
        return None
    right: list[bool] = [getattr(verdict, attribute) == word for attribute, word in wanted.items()]
    return sum(right) / len(right)


def _read(image: Image.Image) -> Floats:
    """RGB in 0..255, [H, W, 3], scaled to the area of SIDE x SIDE with its proportions kept."""
    scale = SIDE / math.sqrt(image.width * image.height)
    size = (max(16, round(image.width * scale)), max(16, round(image.height * scale)))
    rgb = image.convert("RGB")
    return np.asarray(
        rgb if rgb.size == size else rgb.resize(size, Image.Resampling.BICUBIC), dtype=np.float32
    )


def _background(pixels: Floats) -> tuple[str, Floats] | None:
    """The background's word and its measured colour [3]; None where the border is not flat or not of the palette."""
    sides = (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:])
    border = np.concatenate([side.reshape(-1, 3) for side in sides])
    colour = np.median(border, axis=0)
    flat = (np.linalg.norm(border - colour, axis=1) < 60).mean()
    # a gradient may be flat enough by that count, but its sides differ
    drift = max(np.linalg.norm(np.median(side.reshape(-1, 3), axis=0) - colour) for side in sides)
    word = _colour_word(colour)
    return None if flat < 0.7 or drift > 40 or word == NONE else (word, colour)


def _colour_word(colour: Floats, *, other_than: str | None = None) -> str:
    """The palette's nearest word for `colour` [3] within reach, or "none"."""
    distances = {
        word: math.dist(colour, rgb) for word, rgb in COLOURS.items() if word != other_than
    }
    word = min(distances, key=distances.__getitem__)
    return word if distances[word] <= COLOUR_REACH else NONE


def _figure(pixels: Floats, background: str, ground: Floats) -> _Figure | None:
    """The largest thing on the background, or None where there is nothing of a figure's size."""
    smooth = Image.fromarray(pixels.astype(np.uint8)).filter(ImageFilter.BoxBlur(1))
    contrast = np.linalg.norm(np.asarray(smooth, dtype=np.float32) - ground, axis=2)
    foreground = contrast > CONTRAST
    blob = foreground & _grown(_main_blob(foreground), by=2)
    if blob.mean() < LEAST_AREA:
        return None
    inside = blob & (contrast > 0.7 * np.percentile(contrast[blob], 75))
    core = ~_grown(~inside, by=1)  # without the edge, whose colours are mixtures
    colour = np.median(pixels[core if core.sum() > 20 else inside], axis=0)

    line = colour - ground
    share = _share(pixels, ground, line)
    if not _has_edge(_share(np.asarray(smooth, dtype=np.float32), ground, line), blob):
        return None
    region = _grown(blob, by=2)
    # sharpened about its middle, so that soft pictures compare well with crisp outlines
    cover = np.where(region, np.clip(2 * share - 0.5, 0, 1), 0).astype(np.float32)
    off_line = np.linalg.norm(pixels - ground - np.clip(share, 0, 1)[..., None] * line, axis=2) > 60
    purity = (
        1 - (off_line & blob).sum() / blob.sum() - (foreground & ~region).sum() / foreground.sum()
    )
    return _Figure(cover, _colour_word(colour, other_than=background), max(0.0, float(purity)))


def _share(pixels: Floats, ground: Floats, line: Floats) -> Floats:
    """How far each pixel is along `line` from the background's colour (0) to the figure's (1), [H, W]."""
    length = max(float(line @ line), 1.0)
    return np.asarray((pixels - ground) @ line / length, dtype=np.float32)


def _has_edge(share: Floats, blob: Mask) -> bool:
    """Whether the way from background to figure is short beside the figure: not so in gradients."""
    on_the_way = (share > 0.3) & (share < 0.7) & _grown(blob, by=2)
    if not on_the_way.any():  # so faint that its edge lies outside the blob
        return False
    slope = float(np.median(np.hypot(*np.gradient(share))[on_the_way]))
    return slope * LONGEST_EDGE * math.sqrt(blob.sum()) > 1


def _grown(mask: Mask, *, by: int) -> Mask:
    """`mask` widened by a square of `by` pixels to every side."""
    for _ in range(2):  # columns, then rows, on the transpose of the transpose
        wide = mask.copy()
        for step in range(1, by + 1):
            wide[step:] |= mask[:-step]
            wide[:-step] |= mask[step:]
        mask = wide.T
    return mask


def _main_blob(mask: Mask) -> Mask:
    """The connected part of `mask` around its densest place, found at half size for speed."""
    small = Image.fromarray(mask.astype(np.uint8) * 255).reduce(2).point(lambda v: 255 * (v > 127))
    allowed = np.asarray(small) > 0
    density = np.asarray(small.filter(ImageFilter.BoxBlur(4)), dtype=np.int32) * allowed
    blob = np.zeros_like(allowed)
    blob.flat[int(density.argmax())] = True
    blob &= allowed
    reached, before = int(blob.sum()), -1
    while reached != before:
        blob = allowed & _grown(blob, by=2)
        reached, before = int(blob.sum()), reached
    return blob.repeat(2, axis=0).repeat(2, axis=1)[: mask.shape[0], : mask.shape[1]]


def _patch(cover: Floats, *, dx: float = 0.0, dy: float = 0.0, zoom: float = 1.0) -> _Patch:
    """`cover` about its centroid at unit size; `dx`, `dy` (in spreads) and `zoom` move the frame."""
    rows, columns = np.indices(cover.shape, dtype=np.float32) + 0.5
    total = max(float(cover.sum()), 1e-6)
    cx, cy = float((cover * columns).sum()) / total, float((cover * rows).sum()) / total
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
def _outlines() -> _Outlines:
    covers, shapes, radius, offset = [], [], [], []
    for shape in SHAPES:
        drawn = np.asarray(figure_mask(shape, 0.5, 0.5, 0.25, SIDE), dtype=np.float32) / np.float32(
            255
        )
        for zoom in (0.93, 1.0, 1.07):
            for dx in (-0.08, 0.0, 0.08):
                for dy in (-0.08, 0.0, 0.08):
                    patch = _patch(drawn, dx=dx, dy=dy, zoom=zoom)
                    covers.append(patch.cover.ravel())
                    shapes.append(shape)
                    radius.append(0.25 * SIDE / patch.spread / zoom)
                    # the frame's centre stands at the figure's centroid in the picture that is compared
                    moves = ((patch.cx, dx), (patch.cy, dy))
                    offset.append([((SIDE / 2 - c) / patch.spread - d) / zoom for c, d in moves])
    stack = np.stack(covers)
    return _Outlines(
        stack, stack.sum(axis=1), shapes, np.array(radius, np.float32), np.array(offset, np.float32)
    )


def _verdict(figure: _Figure, background: str) -> Verdict:
    height, width = figure.cover.shape
    patch, known = _patch(figure.cover), _outlines()
    common = np.minimum(known.covers, patch.cover.ravel()).sum(axis=1)
    fits = common / (known.areas + patch.cover.sum() - common)  # intersection over union, soft
    best = int(fits.argmax())
    shape = known.shapes[best]
    rival = max(float(fit) for fit, other in zip(fits, known.shapes, strict=True) if other != shape)
    fit = float(fits[best])
    radius = float(known.radius[best]) * patch.spread / math.sqrt(width * height)
    centre = [
        (at + float(off) * patch.spread) / side
        for at, off, side in zip(
            (patch.cx, patch.cy), known.offset[best], (width, height), strict=True
        )
    ]
    # the overlap, less where another shape overlaps nearly as well
    likeness = min(1.0, max(0.0, (fit - 0.5) / 0.45)) * min(1.0, 0.5 + 10 * (fit - rival))
    return Verdict(
        shape=shape if likeness >= LEAST_LIKENESS else NONE,
        colour=figure.colour,
        size=next((size for size in SIZES if RADII[size][0] <= radius < RADII[size][1]), NONE),
        position=_position_word(centre),
        background=background,
        confidence=round(likeness * figure.purity, 3),
    )


def _position_word(centre: list[float]) -> str:
    distances = {word: math.dist(centre, place) for word, place in POSITIONS.items()}
    word = min(distances, key=distances.__getitem__)
    return word if distances[word] <= POSITION_REACH else NONE
