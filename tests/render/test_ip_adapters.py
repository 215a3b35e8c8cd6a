"""IP-Adapters: a picture is that of the plain stock call, alone and packed, and the model stays as it was."""

from __future__ import annotations

import functools
from pathlib import Path

import diffusers
import pytest
import tiny_ip_adapters
from counting import Calls, Rows
from ip_adapter_pictures import FACE, OTHER, STYLE, AdaptedFamily
from side_by_side import made
from start_pictures import difference, half_mask, noise_picture
from transformers.models.clip import modeling_clip

import dwlab
from dwlab.errors import ModelError
from dwlab.models import adapters, alterations, loading
from dwlab.models.settings import denoiser_of
from dwlab.spec.params import GenerationParams


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """Gives a family by its name."""
    return functools.cache(lambda name: AdaptedFamily(name, tmp_path_factory.mktemp(name)))


def assert_as_stock(cells, expected):
    for pack in (1, None):
        for picture, stock in zip(made(cells, pack=pack), expected, strict=True):
            assert difference(picture.image, stock) <= 1


@pytest.mark.parametrize("name", ["sd", pytest.param("sdxl", marks=pytest.mark.slow)])
def test_alone_and_in_mixed_company_pictures_are_those_of_the_stock_call(family, name):
    one = family(name)
    cells = one.mixed()
    expected = [one.stock(params) for params in cells]
    assert len({picture.tobytes() for picture in expected}) == len(cells)
    assert_as_stock(cells, expected)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["image", "inpainting"])
@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_beside_a_start_picture_and_a_mask_they_are_too(family, name, task):
    one = family(name)
    pictures = {"image": noise_picture(0), "strength": 0.8}
    if task == "inpainting":
        pictures["mask"] = half_mask(0)
    cells = [
        one.cell(seed, ip_adapter=chosen, guidance=4.0, **pictures)
        for seed, chosen in enumerate(([], [one.one()], [one.one(STYLE)], [one.one(STYLE, 0.4)]))
    ]
    assert_as_stock(cells, [one.stock(params, task) for params in cells])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_beside_a_lora_and_a_controlnet_they_are_too(family, name):
    one = family(name)
    lora = {"loras": [{"file": one.lora}]}
    control = {"control": [{"model": one.net, "image": noise_picture(5)}]}
    settings = ({}, lora, control, lora | control)
    cells = [
        one.cell(seed, ip_adapter=[one.one(picture)], guidance=4.0, **more)
        for seed, more in enumerate(settings)
        for picture in (FACE, STYLE)
    ]
    assert_as_stock(cells, [one.stock(params) for params in cells])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_beside_accelerators_they_are_too(family, name):
    one = family(name)
    shown = {"ip_adapter": [one.one()], "guidance": 4.0}
    # the only step is one in full
    full = [one.cell(seed, steps=1, accelerate={"deep_cache": 2}, **shown) for seed in range(2)]
    assert_as_stock(full, [one.stock(params) for params in full])
    accelerate = {"deep_cache": 2, "token_merging": 0.5, "guidance_interval": [0, 0.5]}
    cells = [one.cell(seed, steps=4, accelerate=accelerate, **shown) for seed in range(2)]
    company = [one.cell(seed, **shown) for seed in range(2)]
    for alone, packed in zip(made(cells, pack=1), made([*cells, *company]), strict=False):
        assert difference(alone.image, packed.image) <= 1


def test_pictures_share_forwards_and_each_is_encoded_once(family):
    one = family("sd")
    model = loading.load(one.folder, "cpu")
    # in the worst order: each cell has another scale than the one before
    cells = [
        one.cell(seed, ip_adapter=[one.one(picture, scale)], guidance=guidance)
        for picture in (FACE, STYLE, OTHER)
        for guidance in (1.0, 4.0)
        for seed, scale in enumerate((0.3, 0.9))
    ]
    load = diffusers.StableDiffusionPipeline.load_ip_adapter.__wrapped__
    forward = modeling_clip.CLIPVisionEmbeddings.forward
    with Calls(load, forward) as calls, Rows(denoiser_of(model.pipeline)) as rows:
        made(cells, model=model)
    assert calls["load_ip_adapter"] == 1
    # three pictures for each of two scales
    assert 1 <= calls["forward"] <= 6
    assert max(rows) >= 6


def test_in_exact_mode_a_picture_does_not_depend_on_its_company(family):
    one = family("sd")
    cells = [one.cell(seed, ip_adapter=[one.one(FACE if seed else STYLE)]) for seed in range(3)]
    together = made(cells, exact=8)
    for cell, picture in zip(cells, together, strict=True):
        (alone,) = made([cell], exact=8)
        assert alone.image.tobytes() == picture.image.tobytes()


def test_the_next_pictures_never_see_an_adapter(family):
    one = family("sdxl")
    model = loading.load(one.folder, "cpu")
    before = made([one.cell()], model=model)
    made([one.cell(ip_adapter=[one.one(), one.one(STYLE, file=one.plus)])], model=model)
    assert alterations.digest(model.loaded, model.pipeline) is None
    assert model.pipeline.image_encoder is None and model.pipeline.feature_extractor is None
    assert [picture.png() for picture in made([one.cell()], model=model)] == [
        picture.png() for picture in before
    ]


def test_previews_form_and_a_run_that_is_stopped_leaves_the_model_as_it_was(family):
    one = family("sd")
    model = loading.load(one.folder, "cpu")
    cells = [one.cell(seed, ip_adapter=[one.one()]) for seed in range(3)]
    stream = dwlab.stream(cells, model=model)
    event = next(stream)
    while event.kind != "step":
        event = next(stream)
    assert event.preview is not None
    stream.close()
    assert alterations.digest(model.loaded, model.pipeline) is None


def test_a_model_that_could_not_be_put_back_is_not_used_again(family):
    one = family("sd")
    identity = loading.load(one.folder, "cpu").identity
    with (
        pytest.raises(ModelError, match="could not be put back"),
        loading.lent(identity, alone=True) as model,
        adapters.loaded(model.pipeline, files_of(one, identity)),
    ):
        model.pipeline.unet.conv_out.bias.data += 1.0
    assert not loading.is_loaded(identity)


def test_a_scale_of_zero_is_no_adapter_at_all(family):
    one = family("sd")
    plain, zero, both, other = made(
        [
            one.cell(),
            one.cell(ip_adapter=[one.one(scale=0)]),
            one.cell(ip_adapter=[one.one(scale=0), one.one(STYLE)]),
            one.cell(ip_adapter=[one.one(STYLE)]),
        ]
    )
    assert (zero.key, zero.image.tobytes()) == (plain.key, plain.image.tobytes())
    assert (both.key, both.image.tobytes()) == (other.key, other.image.tobytes())


def test_a_model_with_an_image_encoder_of_its_own_sees_through_it(family, tmp_path):
    one = family("sd")
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(
        one.folder, image_encoder=tiny_ip_adapters.image_encoder(seed=9)
    )
    pipeline.save_pretrained(tmp_path / "model")
    cell = one.cell(ip_adapter=[one.one()]).replace(model=str(tmp_path / "model"))
    stock = one.stock(cell, model=cell.model)
    assert difference(made([cell])[0].image, stock) <= 1
    assert difference(stock, one.stock(cell)) > 1


def test_a_file_that_changes_before_it_is_loaded_fails_its_cells_alone(family, tmp_path):
    one = family("sd")
    model = loading.load(one.folder, "cpu")
    file = tmp_path / "adapter.safetensors"
    file.write_bytes(Path(one.plain).read_bytes())
    encoder = str(Path(one.plain).parent / "image_encoder")
    adapter = one.one(file=str(file)) | {"encoder": encoder}
    files = files_of(one, model.identity, adapter)
    file.write_bytes(Path(one.plus).read_bytes())
    with (
        pytest.raises(ModelError, match="changed since the run was planned"),
        adapters.loaded(model.pipeline, files),
    ):
        pass
    assert alterations.digest(model.loaded, model.pipeline) is None


def files_of(one, identity, adapter=None):
    chosen = GenerationParams("x", ip_adapter=[adapter or one.one()]).ip_adapter
    return adapters.find(adapters.Asked(ip_adapter=chosen), identity)[1].files
