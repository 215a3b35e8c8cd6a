"""Pictures come out as the stock pipeline makes them, one failing cell harms no other, cancel stops soon."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from diffusers import EulerAncestralDiscreteScheduler, HeunDiscreteScheduler, StableDiffusionPipeline

import dwlab
from dwlab import models, render
from dwlab.catalog import SHAPES_FOLDER
from dwlab.errors import InvalidInput, ModelError
from dwlab.params import GenerationParams

SMALL = {"width": 64, "height": 64, "steps": 3}


@pytest.fixture(scope="module")
def stock():
    pipeline = StableDiffusionPipeline.from_pretrained(SHAPES_FOLDER, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def cells(**changes):
    return [
        GenerationParams(prompt, seed=seed, guidance=guidance, **{**SMALL, **changes})
        for prompt in ("a red circle", "a blue square on a white background")
        for seed in (0, 7)
        for guidance in (1.0, 5.0)
    ]


def pictures(params, **options):
    done = {e.index: e.result for e in render.stream(params, **options) if e.kind == "done"}
    return [done[k] for k in range(len(params))]


def difference(a, b):
    return int(np.abs(np.asarray(a, dtype=int) - np.asarray(b, dtype=int)).max())


@pytest.mark.parametrize("pack", [None, 1, 3])
def test_a_cell_equals_the_lone_stock_call(stock, pack):
    for picture in pictures(cells(negative_prompt="green"), pack=pack):
        params = picture.params
        expected = stock(
            params.prompt, negative_prompt=params.negative_prompt, num_inference_steps=params.steps,
            guidance_scale=params.guidance, width=64, height=64, generator=torch.Generator().manual_seed(params.seed),
        ).images[0]  # fmt: skip
        assert difference(picture.image, expected) <= 1


@pytest.mark.parametrize(
    ("name", "cls", "options"),
    [
        ("Euler a", EulerAncestralDiscreteScheduler, {}),
        ("Heun", HeunDiscreteScheduler, {}),
    ],
)
def test_other_schedulers_equal_stock_too(stock, name, cls, options):
    shipped = stock.scheduler
    try:
        for picture in pictures(cells(scheduler=name)):
            params = picture.params
            stock.scheduler = cls.from_config(shipped.config, **options)
            expected = stock(
                params.prompt, num_inference_steps=params.steps, guidance_scale=params.guidance, width=64, height=64,
                generator=torch.Generator().manual_seed(params.seed),
            ).images[0]  # fmt: skip
            assert difference(picture.image, expected) <= 1
    finally:
        stock.scheduler = shipped


def test_alone_the_same_cell_gives_the_same_bytes():
    first, second = (pictures(cells(), pack=1) for _ in range(2))
    assert [p.png() for p in first] == [p.png() for p in second]


def test_seeds_prompts_and_guidance_make_different_pictures():
    assert len({p.image.tobytes() for p in pictures(cells())}) == 8


def test_events_tell_the_whole_story_of_each_cell():
    params = cells()[:2]
    events = list(render.stream(params))
    for index in range(2):
        mine = [e for e in events if e.index == index]
        assert [e.kind for e in mine] == ["started", "step", "step", "step", "done"]
        assert [e.step for e in mine[1:4]] == [1, 2, 3]
        assert mine[1].steps == 3
    picture = events[-1].result
    assert picture.seconds > 0
    assert picture.device_seconds <= picture.seconds
    assert picture.nan == 0


def test_one_failing_cell_is_reported_and_the_rest_go_on():
    good = cells()[:2]
    bad = good[0].replace(call={"timesteps": [3, 2, 1]})  # this scheduler takes no timesteps of one's own
    events = list(render.stream([good[0], bad, good[1]]))
    assert {e.index for e in events if e.kind == "done"} == {0, 2}
    (failed,) = [e for e in events if e.kind == "failed"]
    assert failed.index == 1
    assert failed.status == "failed"
    assert failed.error


def test_cancel_stops_within_a_step_and_keeps_what_is_done():
    cancel = threading.Event()
    events = []
    for event in render.stream(cells(steps=50), pack=1, cancel=cancel):
        events.append(event)
        if event.kind == "step" and event.index == 2 and event.step == 3:
            cancel.set()
    assert [e.index for e in events if e.kind == "done"] == [0]
    assert max(e.step for e in events if e.index == 2) < 50


def test_closing_the_iterator_ends_its_thread():
    events = render.stream(cells(steps=1000), pack=1)
    next(e for e in events if e.kind == "step")
    events.close()
    assert not [t for t in threading.enumerate() if t.name == "dwlab-render"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"call": {"nosuch": 1}}, "call.nosuch"),
        ({"scheduler": "NoSuchScheduler"}, "scheduler"),
        ({"scheduler": "UNet2DConditionModelScheduler"}, "scheduler"),
        ({"scheduler_options": {"nosuch": 1}}, "scheduler_options.nosuch"),
    ],
)
def test_bad_arguments_are_refused_before_weights_load(change, named, monkeypatch):
    monkeypatch.setattr(models, "_last", [])
    with pytest.raises(InvalidInput) as caught:
        next(render.stream([GenerationParams("x", **change)]))
    assert caught.value.field == named
    assert not models._last


def test_generate_makes_one_picture_that_carries_its_recipe(tmp_path):
    from dwlab.images import read_recipe

    picture = dwlab.generate("a red circle", num_inference_steps=2, width=64, height=64, seed=5)
    path = picture.save(tmp_path / "out.png")
    recipe = read_recipe(path)
    assert recipe["key"] == picture.key
    again = pictures([GenerationParams(**recipe["params"])])[0]
    assert difference(again.image, picture.image) <= 1


def test_a_folder_of_the_same_weights_gives_the_same_keys(tmp_path):
    import shutil

    copy = tmp_path / "copied"
    shutil.copytree(SHAPES_FOLDER, copy)
    assert models.identify(str(copy)).weights == models.identify("shapes").weights


def test_pickled_weights_are_refused(tmp_path):
    import shutil

    copy = tmp_path / "pickled"
    shutil.copytree(SHAPES_FOLDER, copy)
    (file,) = (copy / "unet").glob("*.safetensors")
    file.rename(file.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(ModelError, match="pickle"):
        models.identify(str(copy))


def test_a_pipeline_that_names_foreign_code_is_refused(tmp_path):
    import json
    import shutil

    copy = tmp_path / "hostile"
    shutil.copytree(SHAPES_FOLDER, copy)
    index = json.loads((copy / "model_index.json").read_text())
    for entry in (["os", "system"], ["diffusers", "../x"], ["pipeline", "Mine"]):
        index["unet"] = entry
        (copy / "model_index.json").write_text(json.dumps(index))
        with pytest.raises(ModelError, match="allowed: classes of diffusers and transformers"):
            models.identify(str(copy))


def test_auto_dtype_is_float32_on_a_cpu_and_a_named_one_is_kept():
    assert models.identify("shapes", "cpu").dtype == "float32"
    assert models.identify("shapes", "cpu", "bfloat16").dtype == "bfloat16"


def test_an_unknown_device_is_refused():
    with pytest.raises(InvalidInput, match="device"):
        next(render.stream(cells()[:1], device="tpu"))
