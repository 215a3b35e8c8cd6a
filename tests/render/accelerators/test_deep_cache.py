"""DeepCache beside the stock UNet, whose last layer gets what a hook has kept: as slow, and the same."""

from __future__ import annotations

import contextlib

import pytest
import tiny_loras
import torch
from counting import Rows
from side_by_side import check_equal, fresh, made

import dwlab
from dwlab.errors import InvalidInput
from dwlab.models import loading
from dwlab.models.settings import Settings
from dwlab.render.accelerators import unet as parts
from dwlab.spec.params import GenerationParams
from dwlab.spec.rows import rows_of


@pytest.fixture(scope="module")
def shapes():
    return loading.load("shapes", "cpu")


@contextlib.contextmanager
def kept_by_hook(unet, params):
    """The stock UNet in full, but between every n-th step an outer layer gets the input of the last full one."""
    settings = params.accelerate.get("deep_cache", 1)
    every, branch = (
        (settings["every"], settings["branch"]) if isinstance(settings, dict) else (settings, 0)
    )
    calls_per_step = 2 if params.scheduler == "HeunDiscreteScheduler" else 1
    layer = unet.up_blocks[-1].resnets[-1 - branch]
    skip = unet.config.block_out_channels[0]
    calls, kept = [], []

    def exchange(_layer, arguments):
        deep = arguments[0][:, :-skip]
        is_full = (len(calls) // calls_per_step) % every == 0
        calls.append(1)
        if is_full:
            kept[:] = [deep]
        return (torch.cat([kept[0], arguments[0][:, -skip:]], dim=1), *arguments[1:])

    hook = layer.register_forward_pre_hook(exchange)
    try:
        yield
    finally:
        hook.remove()


def stock(pipeline, params, **more):
    with kept_by_hook(pipeline.unet, params):
        return fresh(pipeline)(
            prompt=params.prompt, num_inference_steps=params.steps, guidance_scale=params.guidance, width=params.width,
            height=params.height, generator=torch.Generator().manual_seed(params.seed), **more,
        ).images[0]  # fmt: skip


def check(model, cells, expected):
    check_equal(made(cells, model=model, pack=1), expected)
    plain = [cell.replace(accelerate="none", seed=8) for cell in cells]
    check_equal(made([*cells, *plain], model=model)[: len(cells)], expected)


def test_pictures_are_those_of_the_stock_unet_with_a_hook(shapes):
    base = GenerationParams("a large blue star", steps=7, guidance=4)
    cells = [
        base.replace(accelerate={"deep_cache": 2}),
        base.replace(accelerate={"deep_cache": {"every": 3, "branch": 1}}, guidance=1),
        base.replace(accelerate={"deep_cache": 3}, seed=2, steps=5),
    ]
    check(shapes, cells, [stock(shapes.pipeline, cell) for cell in cells])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sd", "sdxl", "lcm"])
def test_so_they_are_with_tiny_models_in_other_sizes(family, name):
    model = family(name).model
    base = GenerationParams(
        "a red circle", steps=5, guidance=4, width=24, height=40, model=model.identity.name
    )
    cells = [base.replace(accelerate={"deep_cache": n}, seed=n) for n in (2, 3)]
    check(model, cells, [stock(model.pipeline, cell) for cell in cells])


@pytest.mark.slow
def test_both_calls_of_a_step_of_second_order_are_alike(shapes):
    cell = GenerationParams("a star", steps=5, scheduler="Heun", accelerate={"deep_cache": 2})
    pipeline = fresh(shapes.pipeline)
    pipeline.scheduler = loading.scheduler_for(shapes, cell)
    with kept_by_hook(pipeline.unet, cell):
        expected = pipeline(
            "a star", num_inference_steps=5, guidance_scale=cell.guidance, width=128, height=128,
            generator=torch.Generator().manual_seed(0),
        ).images[0]  # fmt: skip
    check(shapes, [cell], [expected])


@pytest.mark.parametrize("name", ["sd", "sdxl"])
@torch.inference_mode()
def test_in_full_it_is_the_stock_forward_to_the_bit(family, name):
    unet = family(name).model.pipeline.unet
    generator = torch.Generator().manual_seed(0)
    # not a multiple of what the UNet halves
    sample = torch.randn(2, 4, 9, 7, generator=generator)
    text = torch.randn(2, 5, unet.config.cross_attention_dim, generator=generator)
    conditions = {
        "text_embeds": torch.randn(2, 32, generator=generator),
        "time_ids": torch.ones(2, 6),
    }
    named = {"added_cond_kwargs": conditions} if name == "sdxl" else {}
    time = torch.tensor([7.0, 500.0])
    expected = unet(sample, time, text, **named).sample
    for branch in (0, 1):
        answer, deep = parts.whole(unet, sample, time, text, branch=branch, **named)
        (outer,) = parts.outermost(unet, sample, time, text, deep=deep, branch=branch, **named)
        assert torch.equal(answer, expected) and torch.equal(outer, expected)


def test_in_exact_mode_a_picture_does_not_depend_on_its_company(shapes):
    cells = [
        GenerationParams("a star", steps=4, seed=seed, accelerate={"deep_cache": 2 + seed})
        for seed in range(2)
    ]
    alone = [made([cell], model=shapes, exact=8)[0] for cell in cells]
    together = made(cells, model=shapes, exact=8)
    for one, other in zip(alone, together, strict=True):
        assert one.image.tobytes() == other.image.tobytes()


@pytest.mark.parametrize(
    ("accelerate", "steps", "expected"),
    [
        # steps 0 and 3, and step 2, the first one with guidance
        ({"deep_cache": 3, "guidance_interval": [0.3, 1]}, 6, [1, 2, 2]),
        # at step 3 the prompt alone; at step 4 the other row is four steps old
        ({"deep_cache": 3, "guidance_every": 2}, 7, [2, 1, 2]),
        # at step 4 the other row would be as old as two times two steps
        ({"deep_cache": 2, "guidance_every": 4}, 5, [2, 1, 2]),
        ({"deep_cache": 2, "guidance_every": 5}, 6, [2, 1, 1, 2]),
    ],
)
def test_rows_that_were_never_kept_or_long_ago_are_computed_in_full(
    shapes, accelerate, steps, expected
):
    cell = GenerationParams("a star", steps=steps, guidance=4, accelerate=accelerate)
    with Rows(shapes.pipeline.unet.mid_block) as rows:
        made([cell], model=shapes, pack=1)
    assert rows == expected


def test_a_step_between_takes_a_part_of_a_row(shapes):
    plain = GenerationParams("a star", steps=10, guidance=4)
    assert rows_of(plain) == 20
    assert rows_of(plain.replace(accelerate={"deep_cache": 2})) == 11
    further = {"every": 2, "branch": 1}
    assert rows_of(plain.replace(accelerate={"deep_cache": further})) == round(10 + 10 / 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_beside_a_controlnet_it_is_the_same(controlled, name):
    one = controlled(name)
    cells = [cell.replace(accelerate={"deep_cache": 2}) for cell in one.cells("text")]
    cells += [
        cell.replace(accelerate={"deep_cache": {"every": 2, "branch": 1}})
        for cell in one.cells("image")
    ]
    expected = []
    for cell in cells:
        with kept_by_hook(one.model.pipeline.unet, cell):
            expected.append(one.stock(cell))
    check_equal(made(cells, model=one.model, pack=1), expected)
    check_equal(made(cells, model=one.model), expected)


@pytest.mark.slow
def test_beside_a_lora_it_is_the_same(family, tmp_path):
    model = family("sd").model
    file = tiny_loras.write(tmp_path / "ink.safetensors", tiny_loras.layers(model.pipeline))
    cell = GenerationParams(
        "a red circle", steps=5, guidance=4, width=16, height=16, model=model.identity.name,
        loras=[{"file": str(file), "weight": 0.8}], accelerate={"deep_cache": 2},
    )  # fmt: skip
    pipeline = type(model.pipeline).from_pretrained(model.identity.name)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.load_lora_weights(str(file), adapter_name="ink")
    pipeline.set_adapters(["ink"], [0.8])
    check_equal(made([cell, cell.replace(seed=3)])[:1], [stock(pipeline, cell)])


@pytest.mark.parametrize(
    "settings", [{"compile": "default"}, {"offload": "model"}, {"backend": "openvino"}]
)
def test_models_whose_parts_cannot_be_called_are_refused(shapes, settings):
    from dataclasses import replace

    from dwlab.models.arguments import check_arguments

    identity = replace(shapes.identity, settings=Settings(**settings))
    with pytest.raises(InvalidInput, match=r"accelerate\.deep_cache"):
        check_arguments([GenerationParams("a", accelerate="deep_cache")], identity)


def test_a_family_without_such_a_unet_is_refused(family):
    params = family("sd3").cells[0].replace(accelerate={"deep_cache": 2})
    with pytest.raises(InvalidInput, match=r"accelerate\.deep_cache"):
        dwlab.generate(**{**params.as_dict(), "model": family("sd3").model})
