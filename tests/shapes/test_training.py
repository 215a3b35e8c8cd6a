"""The training of the embedded model: the whole command in small, and a run that was interrupted."""

import numpy as np
import pytest
import torch

import dwlab
from dwlab.shapes import MODEL, train
from dwlab.shapes.retrieval import Scorer
from dwlab.shapes.training import loop
from dwlab.shapes.training.clip import LOOK_ALIKES, fitting, look_alikes
from dwlab.shapes.training.denoiser import OVERDRIVE, figure_masks, overdriven
from dwlab.shapes.training.loop import learn
from dwlab.shapes.training.training_run import TrainingRun
from dwlab.shapes.world import Scene, draw, random_scene

SMALL = [
    "--vae-samples",
    "32",
    "--text-samples",
    "256",
    "--pool",
    "64",
    "--unet-samples",
    "64",
    "--clip-samples",
    "256",
    "--batch",
    "16",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    work = tmp_path_factory.mktemp("training")
    train.main(["--work", str(work), *SMALL])
    return work


@pytest.mark.slow
def test_the_command_leaves_a_stock_pipeline_that_draws(trained):
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(trained / "model", use_safetensors=True)
    picture = pipeline("a red circle", num_inference_steps=1).images[0]
    assert picture.size == (128, 128)
    assert pipeline.text_encoder.dtype == pipeline.unet.dtype == torch.float32


@pytest.mark.slow
def test_the_command_leaves_a_stock_clip_that_scores(trained):
    scene = Scene("small", "red", "circle", "left", "white")
    scores = Scorer(trained / "clip").scores(
        ["a circle", "a star"], [draw(scene, np.random.default_rng(0))] * 3
    )
    assert scores.shape == (3, 2)
    assert torch.isfinite(scores).all()


@pytest.mark.slow
def test_finished_stages_are_not_trained_again(trained, monkeypatch):
    def step(*_, **__):
        raise AssertionError("a step of training")

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", step)
    train.main(["--work", str(trained), *SMALL])


@pytest.mark.slow
def test_the_command_leaves_checkpoints_of_the_denoiser(trained, tmp_path):
    folders = sorted(path.name for path in trained.glob("checkpoint-*"))
    assert folders == ["checkpoint-1", "checkpoint-3", "checkpoint-4"]
    last, exported = (
        torch.cat([p.flatten() for p in _unet(folder).parameters()])
        for folder in (trained / "checkpoint-4", trained / "model")
    )
    assert torch.equal(last, exported)
    axes = {"parts.unet": {"glob": str(trained / "checkpoint-*")}}
    table = dwlab.Sweep("steps", base={"prompt": "a star", "steps": 1}, axes=axes).run(tmp_path)
    assert table["checkpoint"].tolist() == [1, 3, 4]
    assert len(set(table["pixels"])) == 3


@pytest.mark.slow
def test_a_denoiser_that_forgot_words_keeps_the_rest(tmp_path):
    options = ["--start", "shapes", "--forget-words", "--checkpoints", "1", "--until", "unet"]
    # a step with a learning rate close to 0
    train.main(["--work", str(tmp_path), *SMALL, *options, "--unet-samples", "16"])
    shipped, trained = (_unet(folder).state_dict() for folder in (MODEL, tmp_path / "checkpoint-1"))
    moved = {
        name for name in shipped if not torch.allclose(shipped[name], trained[name], atol=0.01)
    }
    assert moved
    assert all(".attn2." in name for name in moved)


@pytest.mark.slow
def test_a_model_can_be_trained_further(trained, tmp_path):
    train.main(
        ["--work", str(tmp_path), "--start", str(trained / "model"), *SMALL, "--until", "export"]
    )
    first, further = (
        torch.cat([p.flatten() for p in _unet(folder).parameters()])
        for folder in (trained / "model", tmp_path / "model")
    )
    assert not torch.equal(first, further)
    assert torch.allclose(first, further, atol=0.05)  # a few steps away, not somewhere else


def _unet(folder):
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel.from_pretrained(folder / "unet", use_safetensors=True)


def test_an_interrupted_stage_ends_where_an_uninterrupted_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)

    def weights(folder, stop_after=None):
        folder.mkdir(exist_ok=True)
        torch.manual_seed(0)
        model, calls = torch.nn.Linear(3, 1), []

        def loss_of(rng):
            calls.append(1)
            if len(calls) == stop_after:
                raise KeyboardInterrupt
            return model(torch.from_numpy(rng.random((4, 3))).float()).square().mean() + torch.rand(
                ()
            )

        learn(TrainingRun(folder, 0, "cpu"), "text", model, loss_of, rate=0.1, batch=4, samples=40)
        return model.weight.detach().clone(), len(calls)

    whole, steps = weights(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        weights(tmp_path / "parts", stop_after=5)
    resumed, left = weights(tmp_path / "parts")
    assert (steps, left) == (10, 6)
    assert torch.equal(whole, resumed)


def test_overdriven_signals_are_led_back_to_the_picture():
    rng = np.random.default_rng(0)
    x = torch.randn(64, 4, 2, 2)
    stronger = overdriven(x, torch.full((64, 1, 1, 1), 0.9), rng)
    ratio = (stronger / x).flatten(1)
    assert torch.allclose(ratio, ratio[:, :1].expand_as(ratio))  # a picture as a whole
    assert (ratio[:, 0] == 1).float().mean().item() == pytest.approx(0.5, abs=0.2)
    assert ratio.max() <= 1 + OVERDRIVE


def test_figures_are_told_from_their_background():
    latents = torch.zeros(2, 4, 16, 16)
    latents[0, :, 4:8, 4:8] = 3.0
    latents[1] += 2.0
    masks = figure_masks(latents)
    assert masks[0, 0].sum() == 16
    assert masks[0, 0, 4:8, 4:8].all()
    assert not masks[1].any()


def test_look_alikes_differ_little_and_are_never_held_out():
    rng = np.random.default_rng(0)
    for _ in range(20):
        first, *others = look_alikes(rng)
        assert len(others) == LOOK_ALIKES - 1
        assert not any(scene.held_out for scene in (first, *others))
        for other in others:
            assert (
                sum(
                    a != b
                    for a, b in zip(first.as_dict().values(), other.as_dict().values(), strict=True)
                )
                <= 2
            )


def test_a_caption_fits_every_scene_that_shows_what_it_says():
    rng = np.random.default_rng(1)
    red, blue = (
        Scene("small", "red", "circle", "left", "white"),
        Scene("small", "blue", "circle", "left", "white"),
    )
    assert fitting(["a small circle", "a red circle", ""], [red, blue]).tolist() == [
        [1, 1],
        [1, 0],
        [1, 1],
    ]
    assert fitting(["a circle"], [random_scene(rng) for _ in range(3)]).shape == (1, 3)
