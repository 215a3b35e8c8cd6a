"""The small CLIP of the world of `shapes` finds captions and pictures."""

import numpy as np
import torch

from dwlab.shapes import CLIP
from dwlab.shapes.captions import full_caption
from dwlab.shapes.retrieval import Scorer, among_look_alikes, among_many
from dwlab.shapes.world import Scene, draw


def test_the_shipped_clip_finds_captions_and_pictures():
    scorer = Scorer()
    assert min(among_many(scorer, np.random.default_rng(1)).values()) > 0.95
    won = among_look_alikes(scorer, np.random.default_rng(1), count=64)
    assert min(won[a] for a in ("size", "colour", "position", "background")) > 0.95
    assert won["shape"] > 0.6


def test_a_picture_scores_higher_with_its_own_caption():
    scene = Scene("large", "red", "star", "left", "white")
    other = Scene("small", "blue", "ring", "right", "black")
    pictures = [draw(scene, np.random.default_rng(0))] * 3
    scores = Scorer(CLIP).scores([full_caption(scene), full_caption(other)], pictures)
    assert scores.shape == (3, 2)
    assert torch.all(scores[:, 0] > scores[:, 1])
