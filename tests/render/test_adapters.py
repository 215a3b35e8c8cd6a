"""Pictures with adapters are those of the plain stock call, alone and packed, and the model stays as it was."""

from __future__ import annotations

import functools
from pathlib import Path

import diffusers
import pytest
import tiny
import tiny_loras
from counting import Calls, Rows
from diffusers.loaders import StableDiffusionLoraLoaderMixin
from side_by_side import made, stock_picture
from start_pictures import difference

import dwlab
from dwlab.models import adapters, alterations, loading
from dwlab.models.settings import denoiser_of
from dwlab.render.packing.refusal import refusal
from dwlab.spec.params import GenerationParams

FAMILIES = ("sd", *(pytest.param(name, marks=pytest.mark.slow) for name in ("sdxl", "sd3")), "flux")
# prompt, seed, steps, guidance
DRAWN = (("a red circle", 0, 2, 1.0), ("a small blue square", 7, 3, 4.0))


class Family:
    """A tiny model in a folder with two LoRA files, and what stock makes of them."""

    def __init__(self, name, folder):
        build = getattr(tiny, name)
        build().save_pretrained(folder / "model")
        self.folder = str(folder / "model")
        self.files = [
            str(tiny_loras.write(folder / f"{style}.safetensors", tiny_loras.layers(build(), seed)))
            for seed, style in enumerate(("ink", "oil"))
        ]
        call = {"max_sequence_length": 32} if name in ("sd3", "flux") else {}
        self.base = {"model": self.folder, "width": 16, "height": 16, "call": call}

    def stack(self, *weights):
        return [
            {"file": file, "weight": weight}
            for file, weight in zip(self.files, weights, strict=False)
        ]

    def cells(self, *stacks):
        return [
            GenerationParams(
                prompt, seed=seed, steps=steps, guidance=guidance, loras=stack, **self.base
            )
            for prompt, seed, steps, guidance in DRAWN
            for stack in stacks
        ]

    @functools.cache  # noqa: B019  # as long as the tests of this file
    def pipeline(self, loras):
        """What a user would load."""
        pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(self.folder)
        pipeline.set_progress_bar_config(disable=True)
        for lora in loras:
            pipeline.load_lora_weights(lora.file, adapter_name=lora.name)
        if loras:
            names = [lora.name for lora in loras]
            pipeline.set_adapters(names, [lora.weight for lora in loras])
        return pipeline

    def stock(self, params):
        """What a user would write."""
        pipeline = self.pipeline(params.loras)
        return stock_picture(pipeline, params)


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """Gives a family by its name."""
    return functools.cache(lambda name: Family(name, tmp_path_factory.mktemp(name)))


@pytest.mark.parametrize("name", FAMILIES)
def test_alone_and_in_mixed_company_pictures_are_those_of_the_stock_call(family, name):
    one = family(name)
    cells = one.cells([], one.stack(0.7), one.stack(-0.4), one.stack(0.7, 0.5))
    expected = [one.stock(params) for params in cells]
    assert len({picture.tobytes() for picture in expected}) == len(cells)
    for pack in (1, None):
        pictures = made(cells, pack=pack)
        for picture, stock in zip(pictures, expected, strict=True):
            assert difference(picture.image, stock) <= 1
    assert len({picture.key for picture in pictures}) == len(cells)


@pytest.mark.parametrize("layout", ["as_diffusers", "as_kohya"])
@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_files_of_other_layouts_are_read_as_stock_reads_them(family, name, layout, tmp_path):
    one = family(name)
    tensors = getattr(tiny_loras, layout)(tiny_loras.layers(getattr(tiny, name)()))
    file = tiny_loras.write(tmp_path / "style.safetensors", tensors)
    cells = one.cells([{"file": str(file), "weight": 0.8}])[:1]
    (picture,) = made(cells)
    assert difference(picture.image, one.stock(cells[0])) <= 1
    assert difference(picture.image, made(one.cells([]))[0].image) > 1


@pytest.mark.parametrize("name", FAMILIES)
def test_the_next_pictures_never_see_a_lora(family, name):
    one = family(name)
    model = loading.load(one.folder, "cpu")
    before = made(one.cells([]), model=model)
    made(one.cells(one.stack(0.9, -2.0)), model=model)
    assert alterations.digest(model.loaded, model.pipeline) is None
    after = made(one.cells([]), model=model)
    assert [picture.png() for picture in after] == [picture.png() for picture in before]


def test_a_run_that_is_stopped_leaves_the_model_as_it_was(family):
    one = family("sd")
    model = loading.load(one.folder, "cpu")
    stream = dwlab.stream(one.cells(one.stack(0.9)), model=model)
    while next(stream).kind != "step":
        pass
    stream.close()
    assert alterations.digest(model.loaded, model.pipeline) is None


def test_a_weight_of_zero_is_no_lora_at_all(family):
    one = family("sd")
    plain, zero, both = made(one.cells([], one.stack(0), one.stack(0, 0.5)))[:3]
    assert zero.key == plain.key
    assert zero.image.tobytes() == plain.image.tobytes()
    (other,) = made(one.cells([{"file": one.files[1], "weight": 0.5}]))[:1]
    assert both.key == other.key


def test_the_order_of_a_stack_and_the_names_of_files_change_no_key(family, tmp_path):
    one = family("sd")
    copied = tmp_path / "another name.safetensors"
    copied.write_bytes(Path(one.files[0]).read_bytes())
    stack = one.stack(0.7, 0.5)
    turned = [stack[1], {"file": str(copied), "weight": 0.7, "name": "mine"}]
    first, second = made(one.cells(stack, turned))[:2]
    assert first.key == second.key
    assert first.image.tobytes() == second.image.tobytes()


def test_cells_of_a_stack_share_forwards_and_each_stack_loads_once(family):
    one = family("sd")
    model = loading.load(one.folder, "cpu")
    # in the worst order: each cell has another stack than the one before
    cells = one.cells([], one.stack(0.7), one.stack(-0.4), one.stack(0.7, 0.5)) * 2
    cells = [cell.replace(seed=number) for number, cell in enumerate(cells)]
    assert refusal(model.pipeline, "cpu") is None
    load = StableDiffusionLoraLoaderMixin.load_lora_weights.__wrapped__
    with Calls(load) as calls, Rows(denoiser_of(model.pipeline)) as rows:
        made(cells, model=model)
    assert calls["load_lora_weights"] == 3
    assert max(rows) >= 6


def test_the_strength_that_a_call_sets_for_itself_holds_for_text_encoders_too(family):
    """The answers of a text encoder are remembered by strength."""
    one = family("sd")
    cells = [
        cell.replace(call={"cross_attention_kwargs": {"scale": scale}})
        for cell in one.cells(one.stack(0.8))[1:]
        for scale in (0.2, 1.0)
    ]
    for picture, params in zip(made(cells), cells, strict=True):
        assert difference(picture.image, one.stock(params)) <= 1


def test_adapters_that_a_user_loaded_are_not_touched(family):
    one = family("sd")
    model = loading.load(one.folder, "cpu")
    model.pipeline.load_lora_weights(one.files[0], adapter_name="own")
    (failed,) = [
        e for e in dwlab.stream(one.cells(one.stack(1))[:1], model=model) if e.kind == "failed"
    ]
    assert "adapters of its own" in failed.error
    assert model.pipeline.get_list_adapters()["unet"] == ["own"]
    own = made(one.cells([])[:1], model=model)[0]
    expected = one.stock(one.cells(one.stack(1))[0])
    assert difference(own.image, expected) <= 1


def test_a_file_that_is_overwritten_once_it_is_loaded_harms_nothing(family, tmp_path):
    one = family("sd")
    file = tmp_path / "style.safetensors"
    file.write_bytes(Path(one.files[0]).read_bytes())
    cells = one.cells([{"file": str(file)}])
    expected = made(cells)
    pictures = []
    for event in dwlab.stream(cells):
        if event.kind == "started":
            file.write_bytes(b"")
        if event.kind == "done":
            pictures.append(event.result.image.tobytes())
    assert sorted(pictures) == sorted(picture.image.tobytes() for picture in expected)


def test_loading_checks_the_file_again(family, tmp_path):
    one = family("sd")
    file = tmp_path / "style.safetensors"
    file.write_bytes(Path(one.files[0]).read_bytes())
    model = loading.load(one.folder, "cpu")
    stack = GenerationParams("x", loras=[{"file": str(file)}]).loras
    _, found = adapters.find(adapters.Asked(stack), model.identity)
    file.write_bytes(Path(one.files[1]).read_bytes())
    with (
        pytest.raises(dwlab.errors.ModelError, match="changed since the run was planned"),
        adapters.loaded(model.pipeline, found.files),
    ):
        pass
    assert alterations.digest(model.loaded, model.pipeline) is None
