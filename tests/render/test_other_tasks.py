"""Start pictures and masks of the other families: each picture is that of the plain stock call."""

from __future__ import annotations

import inspect

import diffusers
import pytest
import torch
from counting import Rows
from family_pictures import GUIDANCE, STEPS, check_left_beside, difference
from side_by_side import fresh
from start_pictures import half_mask, noise_picture

from dwlab.errors import InvalidInput
from dwlab.models.settings import denoiser_of
from dwlab.runs.sweep import Sweep
from dwlab.spec import families, tasks
from dwlab.spec.params import GenerationParams
from dwlab.widgets.explore.start_offer import start_offer

PAIRS = (
    ("deepfloyd", tasks.IMAGE), ("deepfloyd", tasks.INPAINTING), ("flux2", tasks.IMAGE), ("klein", tasks.IMAGE),
    ("klein", tasks.INPAINTING), ("kandinsky21", tasks.IMAGE), ("kandinsky21_nine", tasks.INPAINTING),
    ("kandinsky22", tasks.IMAGE), ("kandinsky22_nine", tasks.INPAINTING), ("kandinsky3", tasks.IMAGE), ("kolors", tasks.IMAGE),
    ("sana_sprint", tasks.IMAGE), ("sd3_pag", tasks.IMAGE), ("sd_pag", tasks.IMAGE), ("sd_pag", tasks.INPAINTING),
    ("sdxl_pag", tasks.IMAGE), ("sdxl_pag", tasks.INPAINTING),
)  # fmt: skip
# prompt, seed, steps, strength
FEW = (("a red circle", 7, 3, 0.7), ("a small blue square", 1, 4, 1.0))


def cells(drawn, task):
    base = drawn.cells[0]
    doing = tasks.pipeline_for(type(drawn.model.pipeline).__name__, task)
    made = []
    for prompt, seed, steps, strength in FEW:
        # FLUX.2 takes no smaller ones
        side = 64 if drawn.name in ("flux2", "klein") else base.width
        made.append(
            GenerationParams(
                prompt, seed=seed, steps=steps, guidance=4.0, model=base.model, width=side, height=side,
                strength=strength if doing in tasks.STRENGTHS else None, image=noise_picture(seed, (side, side)),
                mask=half_mask(seed % 2, (side, side)) if task == tasks.INPAINTING else None, call=call(drawn, doing),
            )
        )  # fmt: skip
    return made


def call(drawn, doing):
    """The arguments of the family's cells that the class for pictures takes too."""
    known = inspect.signature(getattr(diffusers, doing).__call__).parameters
    return {name: value for name, value in drawn.cells[0].call.items() if name in known}


def stock(drawn, params, task):
    kind = getattr(diffusers, tasks.pipeline_for(type(drawn.model.pipeline).__name__, task))
    pipeline = fresh(kind.from_pipe(drawn.model.pipeline))
    known = inspect.signature(kind.__call__).parameters
    given = {"width": params.width, "height": params.height} if "width" in known else {}
    if params.mask is not None:
        given["mask_image"] = params.mask.picture
    if params.strength is not None:
        given["strength"] = params.strength
    guidance = {GUIDANCE.get(drawn.name, "guidance_scale"): params.guidance}
    return pipeline(
        prompt=params.prompt, image=params.image.picture, num_inference_steps=params.steps,
        generator=torch.Generator().manual_seed(params.seed), **guidance, **given, **params.call,
    ).images[0]  # fmt: skip


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_a_picture_made_from_another_is_that_of_the_plain_stock_call(family, name, task):
    drawn = family(name)
    asked = cells(drawn, task)
    expected = [stock(drawn, params, task) for params in asked]
    for picture, plain in zip(drawn.made(asked), expected, strict=True):
        assert difference(picture.image, plain) <= 1
    assert len({plain.tobytes() for plain in expected}) == len(asked)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_it_shows_itself_while_it_forms_and_can_be_left_without_harm(
    family, name, task, monkeypatch
):
    drawn = family(name)
    left, kept = cells(drawn, task)
    strength = None if left.strength is None else 1.0
    longer = left.replace(steps=STEPS, strength=strength)
    check_left_beside(drawn.model, [longer, kept], stock(drawn, kept, task), monkeypatch)


def test_the_table_of_families_says_which_were_tested(family):
    tested = set()
    for name, task in PAIRS:
        tested.add((type(family(name).model.pipeline).__name__, task))
    alone = {
        (each.pipeline, task)
        for each in families.FAMILIES
        for task in each.tested - {tasks.TEXT}
        if each.packed is None and each.needs is None
    }
    assert alone <= tested
    assert {pipeline for pipeline, _ in tested - alone} <= {"Flux2KleinPipeline"}


@pytest.mark.parametrize("task", [tasks.IMAGE, tasks.INPAINTING])
def test_of_flux_2_klein_they_share_forwards_in_mixed_company(family, task):
    drawn = family("klein")
    asked = cells(drawn, task)
    asked += [params.replace(seed=params.seed + 10, guidance=1.0) for params in asked]
    expected = [stock(drawn, params, task) for params in asked]
    with Rows(denoiser_of(drawn.model.pipeline)) as rows:
        pictures = drawn.made(asked)
    assert max(rows) > 2
    for picture, plain in zip(pictures, expected, strict=True):
        assert difference(picture.image, plain) <= 1


@pytest.mark.parametrize("name", ["kandinsky21", "kandinsky22"])
def test_a_mask_is_refused_where_another_model_of_the_family_takes_it(family, name, tmp_path):
    drawn = family(name)
    base = {"prompt": "a star", "model": drawn.model.identity.name}
    base |= {"image": noise_picture(0), "mask": half_mask(0)}
    with pytest.raises(InvalidInput, match="inpaints with another model, of 9 channels"):
        Sweep("x", base=base).plan(tmp_path)
    offer = start_offer(drawn.model.identity.name, masked=False)
    assert not offer.mask and offer.image


def test_a_side_that_stock_refuses_is_refused_before_the_model_loads_and_the_nearest_is_drawn(
    family, tmp_path
):
    drawn = family("lumina2")
    params = drawn.cells[0]
    with pytest.raises(ValueError, match="divisible by 16"):
        drawn.model.pipeline("a star", width=24, height=16, num_inference_steps=1)
    with pytest.raises(InvalidInput, match=r"a multiple of 16 .* like 16 or 32"):
        params.replace(width=24)
    (picture,) = drawn.made([params.replace(width=16)])
    assert picture.image.size == (16, params.height)
