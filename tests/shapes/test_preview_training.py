"""The training of the decoder for previews."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dwlab.shapes import train_preview
from dwlab.shapes.evaluate import draw_scenes
from dwlab.shapes.preview_decoder import TEST_SCENES, TEST_SEED, PreviewDecoder, palette
from dwlab.shapes.training.preview import DRAWN_TOGETHER, batch_settings, make_pool, naming_loss
from dwlab.shapes.training.training_run import TrainingRun
from dwlab.shapes.world import COLOURS, Scene, draw


def picture_of(scene):
    pixels = np.array(draw(scene, np.random.default_rng(0), side=64))
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


def logits_of(picture):
    """Those of somebody who is sure of the nearest colour of each pixel."""
    distances = torch.cdist(picture.flatten(2).transpose(1, 2), palette())
    return -20 * distances.transpose(1, 2).reshape(1, len(COLOURS), 64, 64)


def test_the_colour_of_a_small_figure_counts_although_most_pixels_are_background():
    right = picture_of(Scene("small", "red", "square", "left", "white"))
    colour_wrong = picture_of(Scene("small", "green", "square", "left", "white"))
    loss = naming_loss(logits_of(right), right)
    assert loss < 0.1
    assert naming_loss(logits_of(colour_wrong), right) > 10 * loss


def test_captions_that_previews_are_judged_by_are_not_learnt(tmp_path):
    start = 0
    test = set(draw_scenes(TEST_SCENES, TEST_SEED))
    while test.isdisjoint(batch_settings(0, start).scenes):
        start += DRAWN_TOGETHER
    folder = tmp_path / "predictions"
    folder.mkdir()
    steps = 2
    for batch in range(0, start + DRAWN_TOGETHER, DRAWN_TOGETHER):
        predicted = torch.arange(batch, batch + DRAWN_TOGETHER).repeat(steps).reshape(-1, 1)
        drawn = {"predicted": predicted, "pictures": torch.zeros(DRAWN_TOGETHER, 1)}
        torch.save(drawn, folder / f"{batch:06}.pt")
    pool = make_pool(TrainingRun(tmp_path, 0, "cpu"), None, start + DRAWN_TOGETHER)
    scenes = [
        scene for batch in range(0, start + 1, 16) for scene in batch_settings(0, batch).scenes
    ]
    learnt = {scenes[index] for index in pool.picture_of}
    assert learnt == set(scenes) - test
    assert torch.equal(pool.predicted[:, 0], pool.picture_of)


@pytest.mark.slow
def test_the_command_writes_the_weights_of_a_decoder(tmp_path):
    from safetensors.torch import load_file

    train_preview.main(["--work", str(tmp_path), "--pictures", "16", "--samples", "128"])
    PreviewDecoder().load_state_dict(load_file(tmp_path / "decoder.safetensors"))
