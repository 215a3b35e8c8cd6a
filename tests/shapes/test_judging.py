"""The judge reads nearly all renderings correctly, also degraded ones, and finds nothing in noise."""

import io
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageFilter

from dwlab.shapes import Scene, adherence, draw, judge, random_scene
from dwlab.shapes.judging import NONE, Verdict
from dwlab.shapes.world import ATTRIBUTES, COLOURS, SHAPES, figure_mask

PALETTE = np.array(list(COLOURS.values()), dtype=float)


def picture(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def clean(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image


def blurred(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(1))


def noisy(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return picture(np.asarray(image) + rng.normal(0, 8, (image.height, image.width, 3)))


def compressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=70)
    return Image.open(file)


def all_at_once(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return compressed(noisy(blurred(image, rng), rng), rng)


def shares_right(count: int, degrade, *, side: int = 128, seed: int = 0) -> dict[str, float]:
    """How often each attribute is judged right over `count` fresh renderings."""
    rng = np.random.default_rng([seed, count])
    right: Counter[str] = Counter()
    for _ in range(count):
        scene = random_scene(rng)
        verdict = judge(degrade(draw(scene, rng, side), rng))
        right.update(a for a in ATTRIBUTES if getattr(scene, a) == getattr(verdict, a))
    return {a: right[a] / count for a in ATTRIBUTES}


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_renderings_are_read_right(count):
    shares = shares_right(count, clean)
    assert min(shares.values()) >= 0.99, shares


@pytest.mark.parametrize("count", [100, pytest.param(400, marks=pytest.mark.slow)])
@pytest.mark.parametrize("degrade", [blurred, noisy, compressed, all_at_once])
def test_mildly_degraded_renderings_are_read_right(degrade, count):
    shares = shares_right(count, degrade)
    assert min(shares.values()) >= 0.99, shares


@pytest.mark.parametrize("side", [64, 256, 512])
def test_other_sizes_are_read_right(side):
    shares = shares_right(50, clean, side=side)
    assert min(shares.values()) >= 0.99, shares


# pictures without a figure, each from a generator


def uniform_noise(rng: np.random.Generator) -> Image.Image:
    return picture(rng.uniform(0, 256, (128, 128, 3)))


def gaussian_noise(rng: np.random.Generator) -> Image.Image:
    return picture(rng.normal(127, rng.uniform(10, 90), (128, 128, 3)))


def noise_around_a_colour(rng: np.random.Generator) -> Image.Image:
    return picture(rng.normal(0, rng.uniform(5, 90), (128, 128, 3)) + rng.choice(PALETTE))


def soft_noise(rng: np.random.Generator) -> Image.Image:
    return uniform_noise(rng).filter(ImageFilter.GaussianBlur(rng.uniform(1, 4)))


def blank(rng: np.random.Generator) -> Image.Image:
    return picture(np.zeros((128, 128, 3)) + rng.uniform(0, 255, 3))


def blank_of_the_palette(rng: np.random.Generator) -> Image.Image:
    return picture(np.zeros((128, 128, 3)) + rng.choice(PALETTE))


def gradient(rng: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[0:128, 0:128] / 127
    turn = rng.uniform(0, 2 * np.pi)
    way = x * np.cos(turn) + y * np.sin(turn)
    return between_two_colours(way, rng)


def radial_gradient(rng: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[0:128, 0:128] / 127
    return between_two_colours(np.hypot(x - rng.uniform(0.3, 0.7), y - rng.uniform(0.3, 0.7)), rng)


def between_two_colours(way: np.ndarray, rng: np.random.Generator) -> Image.Image:
    start, end = rng.choice(PALETTE, 2, replace=False)
    share = (way - way.min()) / (way.max() - way.min())
    return picture(start + (end - start) * share[..., None])


@pytest.mark.parametrize(
    "make",
    [
        uniform_noise,
        gaussian_noise,
        noise_around_a_colour,
        soft_noise,
        blank,
        blank_of_the_palette,
        gradient,
        radial_gradient,
    ],
)
def test_a_picture_without_a_figure_is_none_throughout(make):
    rng = np.random.default_rng(4)
    verdicts = [judge(make(rng)) for _ in range(60)]
    assert verdicts == [Verdict()] * 60


def test_a_speck_is_not_a_figure():
    image = Image.new("RGB", (128, 128), COLOURS["blue"])
    image.paste(COLOURS["white"], (60, 60, 68, 68))
    assert judge(image) == Verdict()


def figure(mask: Image.Image, colour: tuple[int, int, int] = COLOURS["red"]) -> Image.Image:
    image = Image.new("RGB", mask.size, COLOURS["white"])
    image.paste(colour, mask=mask)
    return image


def test_an_outline_of_no_known_shape_is_none():
    bar = Image.new("L", (128, 128))
    bar.paste(255, (20, 56, 108, 72))
    verdict = judge(figure(bar))
    assert (verdict.shape, verdict.colour, verdict.background) == (NONE, "red", "white")
    assert verdict.confidence < 0.3


def test_a_colour_or_position_outside_the_world_is_none_and_the_rest_is_read():
    grey = judge(figure(figure_mask("star", 0.28, 0.5, 0.24, 128), (128, 128, 128)))
    assert (grey.shape, grey.colour, grey.position) == ("star", NONE, "left")
    corner = judge(figure(figure_mask("circle", 0.26, 0.26, 0.13, 128)))
    assert (corner.shape, corner.colour, corner.position) == ("circle", "red", NONE)


@pytest.mark.parametrize("shape", SHAPES)
def test_soft_off_colour_pictures_with_specks_keep_their_shape_at_a_lower_confidence(shape):
    """What an unfinished model draws: soft edges, wrong tints, a few stray dots."""
    rng = np.random.default_rng(6)
    scene = Scene("large", "green", shape, "top", "black")
    crisp = draw(scene, rng)
    soft = np.asarray(crisp.filter(ImageFilter.GaussianBlur(3)), dtype=float) * 0.93 + [14, 6, 10]
    for _ in range(6):
        x, y = rng.integers(0, 122, 2)
        soft[y : y + 3, x : x + 3] = rng.choice(PALETTE)
    degraded = judge(picture(soft))
    assert {a: getattr(degraded, a) for a in ATTRIBUTES} == scene.as_dict()
    assert 0 < degraded.confidence < judge(crisp).confidence <= 1


def test_a_second_figure_lowers_the_confidence():
    circle = figure(figure_mask("circle", 0.28, 0.5, 0.13, 128))
    circle_and_star = circle.copy()
    circle_and_star.paste(COLOURS["blue"], mask=figure_mask("star", 0.72, 0.5, 0.13, 128))
    assert judge(circle_and_star).confidence < 0.8 * judge(circle).confidence


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1", "CMYK", "I;16", "F"])
@pytest.mark.parametrize("size", [(1, 1), (64, 512), (3, 300)])
def test_any_mode_and_size_gets_a_verdict(mode, size):
    verdict = judge(Image.new(mode, size))
    assert verdict == Verdict()


@pytest.mark.parametrize("mode", ["RGBA", "CMYK"])
def test_other_modes_are_read_right(mode):
    scene = Scene("large", "red", "heart", "bottom", "white")
    verdict = judge(draw(scene, np.random.default_rng(7)).convert(mode))
    assert {a: getattr(verdict, a) for a in ATTRIBUTES} == scene.as_dict()


def test_a_wide_picture_is_read_without_stretching_its_figure():
    """A figure of 0.24 of the square's side, at the left of a picture half as wide again."""
    wide = Image.new("RGB", (192, 128), COLOURS["white"])
    circle = figure(figure_mask("circle", 0.5, 0.5, 0.24, 128)).crop((30, 30, 98, 98))
    wide.paste(circle, (20, 30))
    verdict = judge(wide)
    assert (verdict.shape, verdict.size, verdict.position) == ("circle", "large", "left")


def test_adherence_is_the_share_of_the_named_attributes_that_are_right():
    verdict = Verdict("circle", "red", "small", "center", "white", 1.0)
    assert adherence("a small red circle at the centre on a white background", verdict) == 1.0
    assert adherence("a large red square", verdict) == pytest.approx(1 / 3)
    assert adherence("a star on a black background", verdict) == 0.0
    assert adherence("a lighthouse at dusk", verdict) is None
    assert adherence("", verdict) is None
    assert adherence("a red circle", Verdict()) == 0.0


def test_judging_needs_no_torch():
    code = (
        "import sys, dwlab.shapes as s; assert callable(s.judge); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
