"""stable-diffusion.cpp draws what diffusers draws, from the same weights, tokens and noise."""

from __future__ import annotations

import importlib.util

import diffusers
import pytest

from dwlab.bench.engine import sdcpp, speed
from dwlab.bench.engine.engines import load, peers
from dwlab.bench.engine.report import EngineReport
from dwlab.errors import MissingExtra, ModelError
from dwlab.models import loading
from dwlab.models.random_weights import BETAS
from dwlab.spec.params import GenerationParams

IS_INSTALLED = importlib.util.find_spec("stable_diffusion_cpp") is not None


@pytest.fixture(scope="module")
def shapes():
    return loading.load("shapes", "cpu")


def cells():
    recipe = {"steps": 2, "width": 64, "height": 64}
    # its own DDIM clips, which this peer cannot
    unclipped = {"clip_sample": False, "timestep_spacing": "trailing"}
    return [
        GenerationParams("a red circle", seed=0, guidance=3.0, scheduler="Euler", **recipe),
        # of these signs the peer would make weights and adapters
        GenerationParams(
            "a (blue:1.3) star <lora:x:1>",
            seed=1,
            guidance=5.0,
            scheduler="DDIM",
            scheduler_options=unclipped,
            negative_prompt="a circle",
            **recipe,
        ),
        GenerationParams("", seed=2, guidance=1.0, scheduler="Euler", **recipe),
    ]


@pytest.mark.slow
@pytest.mark.skipif(not IS_INSTALLED, reason="stable-diffusion-cpp-python is not installed")
def test_its_pictures_are_those_of_diffusers():
    engines = {name: load(name, "sd15-geometry", "cpu") for name in ("loop", "sdcpp")}
    loop, peer = speed.measure(engines, "small", cells(), rounds=1)
    # 16 bits in convolutions, and a start that is up to half a percent weaker
    assert peer.difference <= 3
    assert peer.rows_a_forward == [] and min(peer.tflops) > 0
    report = EngineReport([loop, peer], {"float32": 1e11}, "sd15-geometry", 1.0, {})
    assert "sdcpp" in report.text()
    # a prompt that comes later
    later = cells()[0].replace(prompt="a green square")
    assert speed.measure(engines, "later", [later], rounds=1)[1].difference <= 3


def test_without_the_package_it_says_how_to_get_it(shapes, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r'pip install "dwlab\[sdcpp\]"'):
        sdcpp.SDCpp(shapes)


def test_a_model_of_other_shapes_is_refused_before_it_can_end_the_process(shapes):
    with pytest.raises(ModelError, match=r"block_out_channels \[320, .* in its unet, this model"):
        sdcpp.check_geometry(shapes.pipeline)


def test_noise_levels_are_those_of_the_scheduler():
    euler = diffusers.EulerDiscreteScheduler(**BETAS)
    ddim = diffusers.DDIMScheduler(**BETAS, clip_sample=False)
    levels = sdcpp.noise_levels(euler, 4)
    assert len(levels) == 5 and levels == sorted(levels, reverse=True) and levels[-1] == 0
    # both have the same timesteps
    assert ddim.config.timestep_spacing == "leading"
    spaced = diffusers.EulerDiscreteScheduler(**BETAS, timestep_spacing="leading")
    assert sdcpp.noise_levels(ddim, 4) == pytest.approx(sdcpp.noise_levels(spaced, 4), rel=1e-4)
    with pytest.raises(ModelError, match="no PNDMScheduler"):
        sdcpp.noise_levels(diffusers.PNDMScheduler(**BETAS), 4)
    with pytest.raises(ModelError, match="not with v_prediction"):
        sdcpp.noise_levels(diffusers.DDIMScheduler(prediction_type="v_prediction"), 4)


def test_it_is_a_peer_on_cpus_only():
    assert "sdcpp" in peers("cpu")
