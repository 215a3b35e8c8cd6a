"""SDXL refiners: alone on a picture, and as the second stage of a base model, as stock makes them."""

from __future__ import annotations

import json
import shutil

import diffusers
import original_layouts
import pytest
import single_files
import tiny
import tiny_loras
import tiny_refiner
import torch
from counting import Rows
from refiner_pictures import TwoStages
from side_by_side import made
from start_pictures import difference, noise_picture

import dwlab
from dwlab.analysis.axes import swept
from dwlab.errors import InvalidInput, ModelError
from dwlab.models import loading
from dwlab.models.settings import denoiser_of
from dwlab.runs.resolve import identify_all
from dwlab.runs.sweep import Sweep
from dwlab.spec.compute import Compute
from dwlab.spec.params import GenerationParams


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a base model and a refiner."""
    folder = tmp_path_factory.mktemp("two-stages")
    tiny.sdxl().save_pretrained(folder / "base")
    tiny_refiner.pipeline().save_pretrained(folder / "refiner")
    return folder


def test_a_refiner_changes_a_picture_as_stock_does_alone_and_packed(folder):
    refiner = str(folder / "refiner")
    calls = ({}, {"aesthetic_score": 2.0}, {"negative_aesthetic_score": 5.0})
    cells = [
        GenerationParams(
            "a red circle", model=refiner, seed=seed, steps=3 + seed, guidance=4.0, width=16, height=16,
            image=noise_picture(seed), strength=0.8, call=call,
        )
        for seed, call in enumerate(calls)
    ]  # fmt: skip
    pipeline = diffusers.StableDiffusionXLImg2ImgPipeline.from_pretrained(refiner)
    pipeline.set_progress_bar_config(disable=True)
    expected = [
        pipeline(
            prompt=params.prompt, image=params.image.picture, strength=0.8, guidance_scale=4.0,
            num_inference_steps=params.steps, generator=torch.Generator().manual_seed(params.seed),
            **params.call,
        ).images[0]
        for params in cells
    ]  # fmt: skip
    for pack in (1, None):
        for picture, stock in zip(made(cells, pack=pack), expected, strict=True):
            assert difference(picture.image, stock) <= 1


def test_a_refiner_says_what_it_needs(folder, tmp_path):
    base = {"prompt": "a star", "model": str(folder / "refiner")}
    with pytest.raises(InvalidInput, match="image is None; allowed: a picture"):
        Sweep("x", base=base).plan(tmp_path, device="cpu")
    masked = base | {"image": noise_picture(0), "mask": noise_picture(1)}
    with pytest.raises(InvalidInput, match="which can do image-to-image only"):
        Sweep("x", base=masked).plan(tmp_path, device="cpu")


@pytest.fixture(scope="module")
def stages(folder):
    return TwoStages(folder)


def test_alone_and_packed_a_picture_in_two_stages_is_that_of_the_two_stock_calls(stages):
    cells = [
        stages.cell(0, guidance=1.0),
        stages.cell(1, 0.8, guidance=4.0, steps=6),
        stages.cell(2, 0.3, guidance=4.0, negative_prompt="blue"),
        stages.cell(3, guidance=4.0, call={"aesthetic_score": 2.0, "guidance_rescale": 0.5}),
        stages.cell(4, guidance=4.0, scheduler="EulerAncestralDiscreteScheduler"),
        stages.cell(5, guidance=4.0, scheduler="HeunDiscreteScheduler"),
        stages.cell(6, guidance=4.0, image=noise_picture(3), strength=0.9),
    ]
    expected = [stages.stock(params) for params in cells]
    plain = stages.cell(0, guidance=1.0).replace(refiner=())
    assert len({picture.tobytes() for picture in expected}) == len(cells)
    for pack in (1, None):
        pictures = made([*cells, plain], pack=pack)
        for picture, stock in zip(pictures, expected, strict=False):
            assert difference(picture.image, stock) <= 1
    assert difference(pictures[-1].image, expected[0]) > 1
    assert len({picture.key for picture in pictures}) == len(pictures)


def test_the_lora_of_a_recipe_is_in_its_first_model_alone(stages, tmp_path):
    file = tiny_loras.write(tmp_path / "ink.safetensors", tiny_loras.layers(tiny.sdxl()))
    cells = [stages.cell(seed, guidance=4.0, loras=[{"file": str(file)}]) for seed in range(2)]
    for picture, params in zip(made(cells), cells, strict=True):
        assert difference(picture.image, stages.stock(params)) <= 1


def test_another_vae_is_in_both_models(stages, tmp_path):
    torch.manual_seed(3)
    vae = tiny.vae()
    for parameter in vae.decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    vae.save_pretrained(tmp_path / "vae")
    plain, cell = stages.cell(), stages.cell(vae=str(tmp_path / "vae"))
    own = stages.refiner.vae
    stages.refiner.register_modules(vae=vae.eval())
    try:
        expected = stages.stock(cell)
    finally:
        stages.refiner.register_modules(vae=own)
    drawn = made([plain, cell, plain.replace(seed=2)])
    assert difference(drawn[1].image, expected) <= 1
    assert difference(drawn[0].image, stages.stock(plain)) <= 1
    again = GenerationParams.of(**drawn[1].params.as_dict())
    assert made([again])[0].key == drawn[1].key


def test_both_stages_share_forwards_and_steps_are_counted_through(stages):
    cells = [stages.cell(seed, guidance=4.0) for seed in range(4)]
    identities = identify_all(cells, Compute(device="cpu"))
    models = [loading.load_identified(identity) for identity in identities.values()]
    first, second = (denoiser_of(model.pipeline) for model in models)
    if second.config.cross_attention_dim != 32:
        first, second = second, first
    with Rows(first) as rows, Rows(second) as further:
        events = list(dwlab.stream(cells))
    assert max(rows) == max(further) == 8
    steps = [
        (event.step, event.steps) for event in events if event.kind == "step" and not event.index
    ]
    assert steps == [(step, 5) for step in range(1, 6)]
    assert all(event.preview is not None for event in events if event.kind == "step")


def test_in_exact_mode_a_picture_does_not_depend_on_its_company(stages):
    cells = [stages.cell(seed, guidance=1.0 + 3 * (seed % 2)) for seed in range(3)]
    together = made(cells, exact=8)
    for cell, picture in zip(cells, together, strict=True):
        (alone,) = made([cell], exact=8)
        assert alone.image.tobytes() == picture.image.tobytes()


def test_a_run_can_be_stopped_in_the_second_stage(stages):
    stream = dwlab.stream([stages.cell(seed) for seed in range(2)])
    while (event := next(stream)).kind != "step" or event.step < 4:
        pass
    stream.close()
    (picture,) = made([stages.cell()])
    assert difference(picture.image, stages.stock(stages.cell())) <= 1


def test_the_share_of_the_first_model_is_an_axis_and_a_row_makes_its_picture_again(
    stages, tmp_path
):
    base = stages.cell().as_dict() | {"refiner": str(stages.folder / "refiner")}
    for name in ("guidance", "scheduler", "seed"):
        base.pop(name, None)
    sweep = Sweep("shares", base=base, axes={"refiner.from": [0.4, 0.6]})
    table = sweep.run(tmp_path, device="cpu")
    assert list(table["status"]) == ["ok", "ok"] and table["pixels"].nunique() == 2
    assert sweep.plan(tmp_path, device="cpu").todo == 0
    (axis,) = swept(table)
    assert (axis.name, axis.values) == ("refiner.from", [0.4, 0.6])
    (refiner,) = json.loads(table["refiner"][1])
    assert refiner["from"] == 0.6
    again = Sweep("again", base=base | {"refiner": refiner})
    assert again.plan(tmp_path, device="cpu").todo == 0
    other = Sweep("other", base=base | {"refiner": refiner | {"weights": "ab" * 32}})
    with pytest.raises(InvalidInput, match="this is another"):
        other.plan(tmp_path, device="cpu")
    png = (tmp_path / table["image"][0]).read_bytes()
    assert str(stages.folder).encode() not in png and refiner["weights"].encode() in png
    with_and_without = Sweep("both", base=base, axes={"refiner": [None, base["refiner"]]})
    assert [len(cell.params.refiner) for cell in with_and_without.cells()] == [0, 1]


def test_the_weights_of_both_models_are_counted_before_they_load(stages):
    cell = stages.cell()
    identities = identify_all([cell], Compute(device="cpu"))
    alone = identify_all([cell.replace(refiner=())], Compute(device="cpu"))
    first, plain = identities[cell.choice].fit, alone[cell.choice].fit
    second = identities[cell.refiner[0].choice(cell.choice)].fit
    assert first.demand.size.weights("float32") == sum(
        fit.demand.size.weights("float32") for fit in (plain, second)
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"refiner": {"model": "sdxl-refiner", "from": 1}}, r"refiner.from is 1; .*below 1"),
        ({"refiner": {"from": 0.5}}, "refiner.model"),
        ({"refiner": {"model": "x", "to": 0.5}}, "refiner.to"),
        ({"refiner": {"model": "x", "variant": ["fp16"]}}, r"refiner.variant is \['fp16'\]"),
        ({"refiner": {"model": "sdxl-refiner", "config": "x"}}, "refiner.config is 'x'"),
        ({"refiner": ["sdxl-refiner", "sdxl-refiner"]}, "2 refiners"),
        ({"image": noise_picture(0), "mask": noise_picture(1)}, "left out beside a mask"),
        ({"call": {"denoising_end": 0.5}}, "left out beside call.denoising_end"),
        ({"long_prompt": "chunk"}, "left out beside prompt_weighting"),
        ({"steps": 1}, "leaves the first model none"),
        (
            {"steps": 2, "scheduler_options": {"timestep_spacing": "trailing"}},
            "leaves the refiner none",
        ),
        ({"image": noise_picture(0), "strength": 0.3}, "leaves the first model none"),
    ],
)
def test_what_two_models_cannot_do_together_is_refused_before_they_load(
    stages, tmp_path, values, message
):
    base = stages.cell().as_dict() | values
    with pytest.raises(InvalidInput, match=message):
        Sweep("x", base=base).plan(tmp_path, device="cpu")


def test_a_refiner_that_is_not_there_is_named_as_one(stages, tmp_path):
    base = stages.cell().as_dict()
    with pytest.raises(ModelError, match=r"^refiner.model is 'nowhere', which is neither"):
        Sweep("x", base=base | {"refiner": "nowhere"}).plan(tmp_path, device="cpu")
    (tmp_path / "file.txt").write_text("no model")
    with pytest.raises(ModelError, match=r"^refiner.model .* is a file that holds no model"):
        Sweep("x", base=base | {"refiner": str(tmp_path / "file.txt")}).plan(tmp_path, device="cpu")


def test_a_schedule_that_cannot_be_made_is_told_in_words(stages, tmp_path):
    shutil.copytree(stages.folder / "base", tmp_path / "base")
    config = tmp_path / "base/scheduler/scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"num_train_timesteps": "x"}))
    base = stages.cell().as_dict() | {"model": str(tmp_path / "base")}
    with pytest.raises(ModelError, match=r"EulerDiscreteScheduler of .* cannot be used"):
        Sweep("x", base=base).plan(tmp_path, device="cpu")


def test_models_of_other_families_have_no_second_stage(stages, tmp_path):
    tiny.sd().save_pretrained(tmp_path / "sd")
    base = stages.cell().as_dict()
    with pytest.raises(InvalidInput, match="SDXL takes a refiner"):
        Sweep("x", base=base | {"model": str(tmp_path / "sd")}).plan(tmp_path, device="cpu")
    with pytest.raises(InvalidInput, match="an SDXL refiner, or another SDXL model"):
        Sweep("x", base=base | {"refiner": str(tmp_path / "sd")}).plan(tmp_path, device="cpu")


def test_a_refiner_in_one_file_does_both_too(stages, tmp_path):
    pipeline = tiny_refiner.pipeline()
    tensors = {
        **original_layouts.unet(pipeline.unet),
        **original_layouts.vae(pipeline.vae, "first_stage_model."),
        **original_layouts.open_clip(pipeline.text_encoder_2, "conditioner.embedders.0.model."),
    }
    single = single_files.write(tmp_path, "refiner", pipeline, tensors)
    file, configs = str(single.file), str(single.configs)
    alone = GenerationParams(
        "a red circle", model=file, config=configs, steps=3, guidance=4.0, width=16, height=16,
        image=noise_picture(0), strength=0.8,
    )  # fmt: skip
    refiner = {"model": file, "config": configs, "from": 0.6}
    first, second = made([alone, stages.cell(refiner=refiner)])
    stock = single.pipeline.from_single_file(file, config=configs, local_files_only=True)
    stock.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(0)
    expected = stock(
        "a red circle", image=noise_picture(0), strength=0.8, guidance_scale=4.0,
        num_inference_steps=3, generator=generator,
    ).images[0]  # fmt: skip
    assert difference(first.image, expected) <= 1
    assert difference(second.image, stages.stock(stages.cell())) <= 1


def test_a_refiner_of_several_models_is_identified_beside_each(folder, tmp_path):
    shutil.copytree(folder / "base", tmp_path / "other")
    refiner = str(folder / "refiner")
    cells = [
        GenerationParams("a star", model=str(base), refiner={"model": refiner, "from": 0.5})
        for base in (folder / "base", tmp_path / "other")
    ]
    alone = GenerationParams("a star", model=refiner, image=noise_picture(0))
    identities = identify_all([*cells, alone], Compute(device="cpu"))
    firsts = {choice.first for choice in identities if choice.model == refiner}
    assert firsts == {cells[0].choice, cells[1].choice, None}
