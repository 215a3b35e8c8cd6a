"""The world of `shapes` draws what a scene says."""

from collections import Counter

import numpy as np
import pytest

from dwlab.shapes.world import (
    ATTRIBUTES,
    COLOURS,
    JITTER,
    POSITIONS,
    SHAPES,
    SIZES,
    Scene,
    all_scenes,
    draw,
    figure_mask,
    random_scene,
)

SCENES = list(all_scenes())


def some_scenes(count: int, seed: int = 0) -> list[Scene]:
    rng = np.random.default_rng(seed)
    return [random_scene(rng) for _ in range(count)]


def test_the_world_has_every_combination_once():
    assert len(SCENES) == len(set(SCENES)) == 8 * 8 * 7 * 2 * 5
    assert all(scene.colour != scene.background for scene in SCENES)


@pytest.mark.parametrize("side", [64, 128, 512])
def test_pictures_show_the_two_exact_colours_and_a_blend_at_the_edge(side):
    for scene in some_scenes(40):
        picture = draw(scene, np.random.default_rng(1), side)
        assert (picture.mode, picture.size) == ("RGB", (side, side))
        counts = {colour: count for count, colour in picture.getcolors(side * side)}
        figure, ground = counts.pop(COLOURS[scene.colour]), counts.pop(COLOURS[scene.background])
        assert 0.02 < figure / side**2 < 0.25
        assert ground > figure
        # straight edges can fall on pixel borders; every other figure has pixels that are partly covered
        if scene.shape not in ("square", "cross"):
            assert sum(counts.values()) > 4
        between = np.array(list(counts) or [COLOURS[scene.colour]])
        ends = np.array([COLOURS[scene.colour], COLOURS[scene.background]])
        assert (between >= ends.min(axis=0)).all()
        assert (between <= ends.max(axis=0)).all()


def test_the_background_reaches_every_corner_unbroken():
    rng = np.random.default_rng(2)
    for scene in some_scenes(200, seed=2):
        pixels = np.asarray(draw(scene, rng))
        for rows in (slice(None, 12), slice(-12, None)):
            for columns in (slice(None, 12), slice(-12, None)):
                assert (pixels[rows, columns] == COLOURS[scene.background]).all(), scene


def test_a_ring_has_a_hole_and_a_circle_has_none():
    for shape, middle in (("ring", 0), ("circle", 255)):
        assert figure_mask(shape, 0.5, 0.5, 0.2, 128).getpixel((64, 64)) == middle


@pytest.mark.parametrize("shape", SHAPES)
def test_figures_stand_where_and_as_large_as_the_words_say(shape):
    rng = np.random.default_rng(3)
    for size, (least, most) in SIZES.items():
        for position, (x, y) in POSITIONS.items():
            pixels = (
                np.asarray(draw(Scene(size, "red", shape, position, "white"), rng))
                == COLOURS["white"]
            )
            rows, columns = np.nonzero(~pixels.all(axis=2))
            # outlines reach at most 0.15 of a radius beyond the circle, and clip at the picture's border
            reach = JITTER + 1.2 * most
            assert (np.abs(columns / 128 - x) <= reach).all()
            assert (np.abs(rows / 128 - y) <= reach).all()
            assert rows.max() - rows.min() > 1.5 * least * 128


def test_all_shapes_have_masks_of_their_own():
    masks = [np.asarray(figure_mask(shape, 0.5, 0.5, 0.2, 64)) for shape in SHAPES]
    assert len({mask.tobytes() for mask in masks}) == len(SHAPES)


def test_drawing_depends_on_the_generator_alone():
    scene = Scene("large", "blue", "star", "left", "yellow")
    first, again, other = (draw(scene, np.random.default_rng(seed)).tobytes() for seed in (5, 5, 6))
    assert first == again
    assert first != other
    assert some_scenes(50, seed=7) == some_scenes(50, seed=7) != some_scenes(50, seed=8)


def test_about_a_tenth_is_held_out_whatever_size_and_position():
    kinds = {(scene.shape, scene.colour, scene.background): scene.held_out for scene in SCENES}
    assert 0.08 < sum(kinds.values()) / len(kinds) < 0.16
    assert all(
        scene.held_out == kinds[scene.shape, scene.colour, scene.background] for scene in SCENES
    )


def test_every_word_is_seen_and_held_out_somewhere():
    for held_out in (True, False):
        words = {word for s in SCENES if s.held_out == held_out for word in s.as_dict().values()}
        assert words == {*SHAPES, *COLOURS, *SIZES, *POSITIONS}


def test_random_scenes_can_be_held_to_either_kind_and_cover_the_world():
    rng = np.random.default_rng(4)
    assert all(random_scene(rng, held_out=True).held_out for _ in range(50))
    assert not any(random_scene(rng, held_out=False).held_out for _ in range(50))
    scenes = [random_scene(rng) for _ in range(2000)]
    for attribute, words in zip(
        ATTRIBUTES, (SIZES, COLOURS, SHAPES, POSITIONS, COLOURS), strict=True
    ):
        counts = Counter(getattr(scene, attribute) for scene in scenes)
        assert set(counts) == set(words)
        assert min(counts.values()) > 0.7 * 2000 / len(words)
