"""Start pictures and masks: each picture is that of the plain stock call, alone and packed in mixed company."""

from __future__ import annotations

import functools
import logging

import pytest
from counting import Rows
from family_pictures import STEPS, check_left_beside
from PIL import Image
from start_pictures import difference, half_mask, noise_picture
from task_pictures import TaskFamily, built

from dwlab.errors import InvalidInput
from dwlab.models.arguments import check_arguments
from dwlab.models.identity import identify
from dwlab.models.tasks import pipeline_for
from dwlab.render.packing.refusal import refusal
from dwlab.runs.sweep import Sweep
from dwlab.spec import families, tasks
from dwlab.spec.params import GenerationParams

IMAGE = ("sd", "sdxl", "lcm", "sd3", "flux", "chroma", "qwen_image", "z_image")
INPAINTING = ("sd", "sdxl", "sd_nine", "sdxl_nine", "sd3_sixteen", "flux", "qwen_image", "z_image")


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """Gives a family by its name."""
    return functools.cache(lambda name: TaskFamily(name, tmp_path_factory.mktemp(name)))


# the others are long cases
REPRESENTATIVES = ("sd", "sd_nine", "sdxl", "flux", "qwen_image", "z_image")
ALL = [
    pytest.param(name, task, marks=() if name in REPRESENTATIVES else pytest.mark.slow)
    for task, names in ((tasks.IMAGE, IMAGE), (tasks.INPAINTING, INPAINTING))
    for name in names
]


@pytest.mark.parametrize(("name", "task"), ALL)
def test_a_picture_made_from_another_alone_is_that_of_the_plain_stock_call(family, name, task):
    one = family(name)
    one.check_alone(one.cells(task), one.stock_pictures(task))
    assert len({picture.tobytes() for picture in one.stock_pictures(task)}) > 2


@pytest.mark.parametrize(("name", "task"), ALL)
def test_packed_with_other_strengths_and_pictures_it_is_so_too(family, name, task):
    one = family(name)
    assert refusal(pipeline_for(one.model, task).pipeline, "cpu") is None
    one.check_packed(one.cells(task), one.stock_pictures(task), rows_at_once=2)


@pytest.mark.parametrize(("name", "task"), ALL)
def test_it_shows_itself_while_it_forms_and_can_be_left_without_harm(
    family, name, task, monkeypatch
):
    one = family(name)
    left, kept = one.cells(task)[:2]
    cells = [left.replace(steps=STEPS, strength=1.0), kept]
    check_left_beside(one.model, cells, one.stock_pictures(task)[1], monkeypatch)


def test_the_table_of_families_says_which_were_tested():
    for task, names in ((tasks.IMAGE, IMAGE), (tasks.INPAINTING, INPAINTING)):
        tested = {
            family.pipeline
            for family in families.FAMILIES
            if task in family.tested
            and "text" in family.tested
            and family.packed
            # editing models, to which a picture means something else, have tests of their own
            and family.pipeline not in (family.image_to_image, family.inpainting)
        }
        kinds = {type(built(name)).__name__ for name in names if not name.endswith("_nine")}
        assert kinds == tested


def test_text_and_pictures_run_in_one_sweep_and_equal_pictures_are_encoded_once(family):
    one = family("sd")
    cells = one.cells(tasks.IMAGE)
    text = cells[1].replace(image=None, strength=None)
    with Rows(one.model.pipeline.vae.encoder) as encoded:
        pictures = one.made([text, *cells, *one.cells(tasks.INPAINTING)])
    assert (
        sum(encoded) == 2 + 2 + 4
    )  # start pictures, again for inpainting, and each without its mask
    expected = one.stock_pictures(tasks.IMAGE) + one.stock_pictures(tasks.INPAINTING)
    for picture, stock in zip(pictures[1:], expected, strict=True):
        assert difference(picture.image, stock) <= 1


def test_in_exact_mode_company_and_order_change_no_byte(family):
    one = family("sd")
    for task in (tasks.IMAGE, tasks.INPAINTING):
        cells = one.cells(task)
        together = [picture.png() for picture in one.made(cells, exact=8)]
        backwards = [picture.png() for picture in one.made(cells[::-1], exact=8)]
        assert backwards[::-1] == together
        assert one.made(cells[2:3], exact=8)[0].png() == together[2]


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_the_part_around_a_mask_is_worked_on_alone_and_put_back(family, name):
    one = family(name)
    start, mask = noise_picture(5, (40, 32)), Image.new("RGB", (40, 32))
    mask.paste("white", (8, 8, 20, 20))
    cell = one.cells(tasks.INPAINTING)[4].replace(image=start, mask=mask, mask_padding=4)
    (picture,) = one.made([cell])
    expected = one.stock(cell, padding_mask_crop=4)
    assert picture.image.size == expected.size == (40, 32)
    assert difference(picture.image, expected) <= 1
    assert difference(picture.image.crop((30, 0, 40, 32)), start.crop((30, 0, 40, 32))) == 0


def test_a_blurred_mask_is_the_one_that_diffusers_blurs(family):
    one = family("sd")
    cell = one.cells(tasks.INPAINTING)[4]
    (picture,) = one.made([cell.replace(mask_blur=3)])
    blurred = one.pipeline(tasks.INPAINTING).mask_processor.blur(cell.mask.picture, blur_factor=3)
    assert difference(picture.image, one.stock(cell.replace(mask=blurred))) <= 1


def test_a_start_picture_of_another_size_is_resized_as_a_person_would(family):
    one = family("sd")
    start = noise_picture(6, (50, 30))
    cell = one.cells(tasks.IMAGE)[1].replace(image=start)
    (picture,) = one.made([cell])
    resized = start.resize((16, 16), Image.Resampling.LANCZOS)
    assert difference(picture.image, one.stock(cell.replace(image=resized))) <= 1


@pytest.mark.parametrize("name", ["sd_nine", "sdxl_nine"])
def test_a_model_of_nine_channels_is_refused_without_a_mask(family, name, tmp_path):
    one = family(name)
    model = one.model.identity.name
    for changes in ({}, {"image": one.pictures[0]}):
        with pytest.raises(InvalidInput, match="is an inpainting model and does nothing else"):
            Sweep("x", base={"prompt": "a star", "model": model, **changes}).plan(tmp_path)


def test_what_a_family_cannot_do_is_refused_in_words(tmp_path):
    folder = tmp_path / "model"
    built("pixart").save_pretrained(folder)
    base = {"prompt": "a star", "model": str(folder), "image": noise_picture(0)}
    with pytest.raises(
        InvalidInput, match=r"PixArtSigmaPipeline\), which can do text-to-image only"
    ):
        Sweep("x", base=base).plan(tmp_path)
    other = tmp_path / "lcm"
    built("lcm").save_pretrained(other)
    base |= {"model": str(other), "mask": half_mask(0)}
    with pytest.raises(InvalidInput, match="which can do text-to-image, image-to-image only"):
        Sweep("x", base=base).plan(tmp_path)


def test_a_pipeline_for_pictures_shares_every_part(family):
    one = family("sdxl")
    made = pipeline_for(one.model, tasks.INPAINTING).pipeline
    assert type(made).__name__ == "StableDiffusionXLInpaintPipeline"
    for name, part in one.model.pipeline.components.items():
        assert made.components[name] is part


def test_pictures_that_are_made_one_by_one_say_so(family, caplog):
    one = family("sd_pag")
    with caplog.at_level(logging.WARNING):
        one.made(one.cells(tasks.IMAGE)[:1])
    assert "one picture at a time, because StableDiffusionPAGImg2ImgPipeline" in caplog.text


def test_an_argument_that_the_class_for_pictures_would_lose_is_refused():
    text = GenerationParams("x", width=64, height=64, call={"guidance_rescale": 0.7})
    from_picture = text.replace(image=Image.new("RGB", (64, 64)))
    identity = identify("shapes", "cpu")
    check_arguments([text], identity)
    with pytest.raises(InvalidInput, match=r"call.guidance_rescale is 0.7; .*Img2ImgPipeline"):
        check_arguments([text, from_picture], identity)


def test_an_argument_that_only_the_class_for_pictures_takes_is_accepted_beside_a_picture(family):
    one = family("sdxl")
    from_picture = one.cells(tasks.IMAGE)[1].replace(call={"aesthetic_score": 3.0})
    check_arguments([from_picture], one.model.identity)
    text = from_picture.replace(image=None, strength=None)
    with pytest.raises(InvalidInput, match=r"call.aesthetic_score is 3.0; .*XLPipeline's call"):
        check_arguments([text], one.model.identity)
