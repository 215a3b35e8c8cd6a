"""The captions of `shapes` say what a scene shows, and are read back."""

from collections import Counter

import numpy as np
import pytest

from dwlab.shapes.captions import full_caption, named_attributes, training_caption
from dwlab.shapes.world import ATTRIBUTES, Scene, all_scenes, random_scene

SCENES = list(all_scenes())


def test_a_full_caption_reads_as_expected():
    scene = Scene("small", "red", "circle", "left", "white")
    assert full_caption(scene) == "a small red circle at the left on a white background"


def test_full_captions_name_exactly_their_scene():
    for scene in SCENES:
        assert named_attributes(full_caption(scene)) == scene.as_dict()


def some_scenes(count):
    rng = np.random.default_rng(5)
    return [random_scene(rng) for _ in range(count)]


def test_training_captions_without_lies_name_nothing_but_their_scene():
    rng = np.random.default_rng(5)
    named = Counter()
    for scene in some_scenes(2000):
        words = named_attributes(training_caption(scene, rng, lies=0))
        assert words.items() <= scene.as_dict().items()
        named[len(words)] += 1
    assert named[5] > 800  # at least about half say everything
    assert sum(named[n] for n in range(4)) > 200  # and many leave much to the seed


def test_training_captions_lie_now_and_then_but_never_name_a_held_out_scene():
    rng = np.random.default_rng(6)
    told, lies = Counter(), Counter()
    for _ in range(3000):
        scene = random_scene(rng, held_out=False)
        said = named_attributes(training_caption(scene, rng))
        told.update(said.keys())
        lies.update(a for a, word in said.items() if getattr(scene, a) != word)
        assert not Scene(**{**scene.as_dict(), **said}).held_out or len(said) < 5
    assert all(0.04 < lies[a] / told[a] < 0.16 for a in ATTRIBUTES)


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("", {}),
        ("a photo of a dog", {}),
        ("a ring at the centre", {"shape": "ring", "position": "center"}),
        ("A Large, RED heart!", {"size": "large", "colour": "red", "shape": "heart"}),
        ("on a black background", {"background": "black"}),
        ("black on a white background", {"colour": "black", "background": "white"}),
        (
            "a white background with a black star",
            {"background": "white", "colour": "black", "shape": "star"},
        ),
        ("a very shiny blue cross, masterpiece, 4k", {"colour": "blue", "shape": "cross"}),
        ("a circle and a square", {"shape": "circle"}),
        ("a bluish starfish", {}),
    ],
)
def test_a_prompt_names_the_words_of_the_world_and_nothing_more(prompt, named):
    assert named_attributes(prompt) == named
