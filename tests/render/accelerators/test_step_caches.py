"""Caches of diffusers draw what a user gets who enables them, and leave the model as it was."""

from __future__ import annotations

import functools
import logging

import family_pictures
import pytest
import torch
from counting import Rows
from diffusers import DiffusionPipeline
from diffusers.hooks import (
    FasterCacheConfig,
    FirstBlockCacheConfig,
    MagCacheConfig,
    PyramidAttentionBroadcastConfig,
    TaylorSeerCacheConfig,
)
from diffusers.hooks.mag_cache import FLUX_MAG_RATIOS
from family_pictures import GUIDANCE, Family
from side_by_side import check_equal, made
from start_pictures import difference, noise_picture
from tiny_families import lively

import dwlab
from dwlab.errors import InvalidInput
from dwlab.models.settings import denoiser_of
from dwlab.spec.accelerators import ALL, BY_NAME
from dwlab.spec.params import GenerationParams

STEPS = 12
CACHES = {
    "first_block_cache": 0.9,
    "taylorseer": {"every": 3, "lite": True},
    "mag_cache": 0.3,
    "pyramid_attention": 2,
    "faster_cache": 2,
}

PIPELINES = {
    "flux": "FluxPipeline",
    "flux2": "Flux2Pipeline",
    "klein": "Flux2KleinPipeline",
    "qwen_image": "QwenImagePipeline",
    "ovis": "OvisImagePipeline",
    "hunyuan_image": "HunyuanImagePipeline",
}


def config(name, pipe):
    """The configuration that diffusers' documentation shows, for these settings."""
    if name == "first_block_cache":
        return FirstBlockCacheConfig(threshold=0.9)
    if name == "taylorseer":
        return TaylorSeerCacheConfig(
            cache_interval=3, use_lite_mode=True, taylor_factors_dtype=torch.float32
        )
    if name == "mag_cache":
        return MagCacheConfig(mag_ratios=FLUX_MAG_RATIOS, num_inference_steps=STEPS, threshold=0.3)
    if name == "pyramid_attention":
        return PyramidAttentionBroadcastConfig(
            spatial_attention_block_skip_range=2,
            current_timestep_callback=lambda: pipe.current_timestep,
        )
    return FasterCacheConfig(
        spatial_attention_block_skip_range=2,
        is_guidance_distilled=True,
        current_timestep_callback=lambda: pipe.current_timestep,
    )


def stock(family, cell, name):
    """What a user gets who enables a cache on a pipeline that was just loaded."""
    pipe = DiffusionPipeline.from_pretrained(family.model.identity.folder)
    pipe.set_progress_bar_config(disable=True)
    pipe.transformer.enable_cache(config(name, pipe))
    guidance = {GUIDANCE.get(family.name, "guidance_scale"): cell.guidance}
    negative = {"negative_prompt": cell.negative_prompt} if cell.negative_prompt else {}
    return pipe(
        prompt=cell.prompt, num_inference_steps=cell.steps, width=cell.width, height=cell.height,
        generator=torch.Generator().manual_seed(cell.seed), **guidance, **negative, **cell.call,
    ).images[0]  # fmt: skip


def cached(cell, name):
    return cell.replace(accelerate={name: CACHES[name]})


def is_clean(denoiser):
    """Whether a denoiser's modules compute what they did before, and nothing else."""
    modules = list(denoiser.modules())
    hooks = [getattr(module, "_diffusers_hook", None) for module in modules]
    has_own_forward = any("forward" in vars(module) for module in modules)
    return not (
        has_own_forward or denoiser.is_cache_enabled or any(each.hooks for each in hooks if each)
    )


@pytest.fixture(scope="module")
def lively_family(tmp_path_factory):
    """Gives a family by its name whose steps differ enough to see what a cache leaves out."""

    def made_once(name):
        with pytest.MonkeyPatch.context() as patch:
            family = family_pictures.built(name)
            lively(family.transformer)
            patch.setattr(family_pictures, "built", lambda _name: family)
            return Family(name, tmp_path_factory.mktemp(name))

    return functools.cache(made_once)


def plain_of(family):
    return family.cells[1].replace(steps=STEPS)


def test_cells_with_different_caches_take_turns_and_draw_as_alone_in_stock(lively_family):
    flux = lively_family("flux")
    plain = plain_of(flux)
    cells = [plain]
    for name in CACHES:
        cells += [cached(plain, name), plain]
    pictures = made(cells, model=flux.model)
    expected = flux.stock(plain)
    check_equal(pictures[::2], [expected] * len(pictures[::2]))
    for picture, name in zip(pictures[1::2], CACHES, strict=True):
        # what the cache leaves out is seen
        assert difference(picture.image, expected) > 5
        assert difference(picture.image, stock(flux, plain, name)) <= 1
    assert is_clean(denoiser_of(flux.model.pipeline))


@pytest.mark.slow
@pytest.mark.parametrize("family_name", [name for name in PIPELINES if name != "flux"])
def test_so_it_is_in_all_families_that_have_caches(lively_family, family_name):
    family = lively_family(family_name)
    plain = plain_of(family)
    names = [each.name for each in ALL if each.in_denoiser]
    names = [name for name in names if PIPELINES[family_name] in BY_NAME[name].pipelines]
    pictures = made([*(cached(plain, name) for name in names), plain], model=family.model)
    expected = family.stock(plain)
    check_equal(pictures[-1:], [expected])
    for picture, name in zip(pictures, names, strict=False):
        assert difference(picture.image, expected) > 5
        assert difference(picture.image, stock(family, plain, name)) <= 1
    assert is_clean(denoiser_of(family.model.pipeline))


def test_every_family_that_has_a_cache_is_tried():
    fitting = {pipeline for each in ALL if each.in_denoiser for pipeline in each.pipelines}
    assert fitting == set(PIPELINES.values())


@pytest.mark.parametrize("name", ["first_block_cache", "taylorseer"])
def test_a_picture_that_fails_or_is_left_takes_its_cache_along(lively_family, name, monkeypatch):
    flux = lively_family("flux")
    plain = plain_of(flux)
    cells = [cached(plain, name), plain]
    asked = []

    def is_dropped(index):
        asked.append(index)
        return index == 0 and asked.count(0) > 6

    events = list(dwlab.stream(cells, model=flux.model, dropped=is_dropped))
    done = [event for event in events if event.kind == "done"]
    assert [event.index for event in done] == [1]
    assert is_clean(denoiser_of(flux.model.pipeline))
    check_equal([done[0].result], [flux.stock(plain)])

    def fail(*_arguments, **_named):
        raise RuntimeError("no step is made")

    with monkeypatch.context() as patch:
        patch.setattr(type(flux.model.pipeline.scheduler), "step", fail)
        events = list(dwlab.stream(cells[:1], model=flux.model))
    assert events[-1].kind == "failed" and "no step is made" in events[-1].error
    assert is_clean(denoiser_of(flux.model.pipeline))


def test_beside_others_in_a_sweep_it_runs_alone_which_log_and_plan_say(lively_family, caplog):
    flux = lively_family("flux")
    plain = plain_of(flux)
    cells = [plain, cached(plain, "taylorseer"), plain.replace(seed=9)]
    with Rows(denoiser_of(flux.model.pipeline)) as rows, caplog.at_level(logging.INFO, "dwlab"):
        made(cells, model=flux.model)
    assert "one picture at a time, because of taylorseer" in caplog.text
    sweep = dwlab.Sweep(
        name="caches",
        model=plain.model,
        base={"prompt": "x", "steps": 2},
        axes={"accelerate.taylorseer": [1, 3]},
    )
    assert "taylorseer: runs alone, one picture at a time (1 cell)" in sweep.plan().warnings
    # twelve steps of two pictures together, then those of one
    assert rows == [2] * STEPS + [1] * STEPS


def test_exact_mode_refuses_it(lively_family):
    flux = lively_family("flux")
    (failed,) = [
        event
        for event in dwlab.stream([cached(plain_of(flux), "mag_cache")], model=flux.model, exact=8)
        if event.kind == "failed"
    ]
    assert "mag_cache runs one picture at a time" in failed.error


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": noise_picture(0, (16, 16))}, "recipes with image"),
        ({"call": {"true_cfg_scale": 2.0}, "negative_prompt": "x"}, "true_cfg_scale, with which"),
    ],
)
def test_what_would_not_be_stock_is_refused(lively_family, changes, message):
    flux = lively_family("flux")
    cell = cached(plain_of(flux), "pyramid_attention").replace(**changes)
    with pytest.raises(InvalidInput, match=message):
        made([cell], model=flux.model)


def test_a_unet_has_none_and_a_cell_has_one():
    cell = GenerationParams("a star", accelerate={"first_block_cache": 0.1})
    with pytest.raises(InvalidInput, match=r"left out for Stable Diffusion.*no such cache"):
        made([cell])
    with pytest.raises(InvalidInput, match="only one of first_block_cache, taylorseer"):
        cell.replace(accelerate={"first_block_cache": 0.1, "taylorseer": 3})
    assert cell.replace(accelerate={"first_block_cache": 0, "taylorseer": 1}).accelerate == {}
