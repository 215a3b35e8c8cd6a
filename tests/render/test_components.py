"""Pictures with parts from elsewhere are those of the plain stock call, alone and packed."""

from __future__ import annotations

import json
import shutil

import diffusers
import original_layouts
import pytest
import single_files
import tiny
import tiny_families
import torch
from side_by_side import stock_picture
from start_pictures import difference
from transformers import CLIPTextModel

import dwlab
from dwlab.errors import InvalidInput, ModelError
from dwlab.models import loading
from dwlab.models.loaded_models import LOADED
from dwlab.spec.params import GenerationParams

SIZE = {"width": 16, "height": 16}


def lively(module, seed=1):
    """The same module with other weights, which show in a picture."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return module


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Tiny models, and parts for them in folders of their own."""
    folder = tmp_path_factory.mktemp("parts")
    tiny.sd().save_pretrained(folder / "sd")
    tiny.flux().save_pretrained(folder / "flux")
    other = tiny.sd()
    lively(other.vae).save_pretrained(folder / "vae")
    lively(other.text_encoder).save_pretrained(folder / "text_encoder")
    lively(other.unet).save_pretrained(folder / "unet")
    lively(tiny.vae(), 2).save_pretrained(folder / "vae-2")
    original_layouts.save(folder / "vae.safetensors", original_layouts.vae(other.vae, ""))
    lively(tiny.vae(1, quant=False), 2).save_pretrained(folder / "flux-vae")
    return folder


def cell(folders, prompt="a red circle", model="sd", **changes):
    params = {"model": str(folders / model), "steps": 2, **SIZE, **changes}
    return GenerationParams.of(prompt=prompt, **params)


def drawn(cells):
    """The pictures of cells by position."""
    events = list(dwlab.stream(cells, device="cpu"))
    assert [event.error for event in events if event.kind == "failed"] == []
    pictures = {event.index: event.result for event in events if event.kind == "done"}
    return [pictures[index] for index in range(len(cells))]


def stock(folders, params, **parts):
    pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(params.model, **parts)
    pipeline.set_progress_bar_config(disable=True)
    return stock_picture(pipeline, params)


def test_pictures_with_other_parts_are_those_of_stock_beside_pictures_without(folders):
    vae = diffusers.AutoencoderKL.from_pretrained(folders / "vae")
    single = diffusers.AutoencoderKL.from_single_file(
        str(folders / "vae.safetensors"), config=str(folders / "sd"), subfolder="vae"
    )
    parts = [
        ({}, {}),
        ({"vae": str(folders / "vae")}, {"vae": vae}),
        ({"vae": str(folders / "vae.safetensors")}, {"vae": single}),
        (
            {"components": {"text_encoder": str(folders / "text_encoder")}},
            {"text_encoder": CLIPTextModel.from_pretrained(folders / "text_encoder")},
        ),
        (
            {"components": {"unet": str(folders / "unet"), "vae": str(folders / "vae-2")}},
            {
                "unet": diffusers.UNet2DConditionModel.from_pretrained(folders / "unet"),
                "vae": diffusers.AutoencoderKL.from_pretrained(folders / "vae-2"),
            },
        ),
    ]
    cells = [
        cell(folders, prompt, seed=seed, **changes)
        for prompt, seed in (("a red circle", 0), ("a small blue square", 7))
        for changes, _ in parts
    ]
    pictures = drawn(cells)
    expected = [
        stock(folders, params, **parts[index % len(parts)][1]) for index, params in enumerate(cells)
    ]
    assert [
        difference(*pair) <= 1
        for pair in zip([picture.image for picture in pictures], expected, strict=True)
    ] == [True] * len(cells)
    # the parts make a difference, and a VAE in a file that of the same VAE in a folder
    assert all(difference(expected[0], expected[index]) > 5 for index in (1, 3, 4))
    assert difference(expected[1], expected[2]) <= 1
    # one key for each
    assert len({picture.key for picture in pictures}) == len(cells)


def test_a_model_in_memory_lends_its_other_parts_and_is_as_it_was(folders):
    LOADED.clear()
    plain, other = cell(folders), cell(folders, vae=str(folders / "vae"))
    before, _, after = (dwlab.generate(**_asked(each)) for each in (plain, other, plain))
    assert before.key == after.key
    assert difference(before.image, after.image) == 0
    assert len(LOADED) == 1
    unet = next(iter(LOADED._models.values())).pipeline.unet
    dwlab.generate(**_asked(other))
    model = next(iter(LOADED._models.values()))
    assert model.pipeline.unet is unet
    assert [part.name for part in model.identity.replaced] == ["vae"]


def _asked(params):
    values = params.as_dict()
    return {**values, "device": "cpu"}


def test_the_models_own_vae_from_elsewhere_has_the_plain_key(folders, tmp_path):
    shutil.copytree(folders / "sd" / "vae", tmp_path / "copy")
    plain = dwlab.generate(**_asked(cell(folders)))
    copied = dwlab.generate(**_asked(cell(folders, vae=str(tmp_path / "copy"))))
    assert copied.key == plain.key
    assert copied.params.vae.weights


def test_a_whole_pipeline_lends_its_part(folders):
    other = dwlab.generate(**_asked(cell(folders, components={"unet": str(folders / "sd")})))
    assert other.key == dwlab.generate(**_asked(cell(folders))).key


def test_a_vae_of_flux_is_that_of_stock(folders):
    params = cell(
        folders, model="flux", vae=str(folders / "flux-vae"), call={"max_sequence_length": 32}
    )
    vae = diffusers.AutoencoderKL.from_pretrained(folders / "flux-vae")
    assert difference(drawn([params])[0].image, stock(folders, params, vae=vae)) <= 1


def test_a_tiny_autoencoder_draws_what_stock_draws(folders, tmp_path):
    torch.manual_seed(0)
    small = diffusers.AutoencoderTiny(
        encoder_block_out_channels=(16, 16), decoder_block_out_channels=(16, 16),
        num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1),
    )  # fmt: skip
    small.save_pretrained(tmp_path / "taesd")
    params = cell(folders, vae=str(tmp_path / "taesd"))
    expected = stock(
        folders, params, vae=diffusers.AutoencoderTiny.from_pretrained(tmp_path / "taesd")
    )
    assert difference(drawn([params])[0].image, expected) <= 1


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: tiny.vae(8), "whose latent_channels is 4"),
        (lambda: tiny.vae(4, quant=False), "whose scaling_factor is 0.18215"),
        (tiny_families.deep_vae, "makes pictures 2 times as large as latents .this: 8"),
        (lambda: tiny.sd().unet, "AutoencoderKL .this is a UNet2DConditionModel"),
    ],
)
def test_a_vae_that_does_not_fit_is_refused_before_the_model_loads(
    folders, tmp_path, build, reason, monkeypatch
):
    build().save_pretrained(tmp_path / "other")
    monkeypatch.setattr(loading, "_load_pipeline", None)
    with pytest.raises(InvalidInput, match=reason) as caught:
        dwlab.generate(**_asked(cell(folders, vae=str(tmp_path / "other"))))
    assert caught.value.field == "vae"


def test_what_is_no_part_of_the_model_is_refused(folders, tmp_path):
    for changes, reason in [
        ({"components": {"unett": "x"}}, "one of the parts of this model: .*unet"),
        ({"components": {"scheduler": str(folders / "sd")}}, "a parameter of its own"),
        ({"vae": str(tmp_path / "none")}, "a folder or file that exists, or a hub id"),
        (
            {"components": {"unet": str(folders / "vae.safetensors")}},
            "tensors of the model.s own; here .* are missing",
        ),
        ({"vae": str(folders / "vae" / "config.json")}, "a .safetensors file"),
    ]:
        with pytest.raises(InvalidInput, match=reason):
            dwlab.generate(**_asked(cell(folders, **changes)))


def test_a_file_that_is_no_vae_or_that_of_other_latents_is_refused(folders, tmp_path):
    original_layouts.save(tmp_path / "unet.safetensors", tiny.sd().unet.state_dict())
    original_layouts.save(tmp_path / "vae.safetensors", original_layouts.vae(tiny.vae(8), ""))
    for name, reason in (("unet", "this one has no decoder"), ("vae", "begins with 4 channels")):
        with pytest.raises(InvalidInput, match=reason):
            dwlab.generate(**_asked(cell(folders, vae=str(tmp_path / f"{name}.safetensors"))))


def test_pickles_and_cut_files_are_refused(folders, tmp_path):
    pickled = tmp_path / "pickled"
    tiny.vae().save_pretrained(pickled, safe_serialization=False)
    with pytest.raises(ModelError, match="is a pickle"):
        dwlab.generate(**_asked(cell(folders, vae=str(pickled))))
    shutil.copytree(folders / "vae", tmp_path / "cut")
    file = tmp_path / "cut" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cut short"):
        dwlab.generate(**_asked(cell(folders, vae=str(tmp_path / "cut"))))
    (tmp_path / "vae.ckpt").write_bytes(b"x")
    with pytest.raises(InvalidInput, match="dwlab convert"):
        dwlab.generate(**_asked(cell(folders, vae=str(tmp_path / "vae.ckpt"))))


def test_a_part_that_changes_after_planning_fails_its_own_cells(folders, tmp_path):
    shutil.copytree(folders / "vae", tmp_path / "vae")
    cells = [cell(folders), cell(folders, vae=str(tmp_path / "vae"))]
    events = dwlab.stream(cells, device="cpu")
    config = tmp_path / "vae" / "config.json"
    kinds = []
    for event in events:
        if not kinds:
            config.write_text(json.dumps({**json.loads(config.read_text()), "sample_size": 24}))
        kinds.append(event.kind)
    assert kinds.count("done") == 1
    assert kinds.count("failed") == 1


def test_a_model_in_one_file_takes_a_vae_and_needs_none_of_its_own(folders, tmp_path):
    pipeline = tiny.sd()
    tensors = original_layouts.stable_diffusion(pipeline)
    whole = single_files.write(tmp_path, "whole", pipeline, tensors)
    without = {name: each for name, each in tensors.items() if "first_stage" not in name}
    lacking = single_files.write(tmp_path, "lacking", pipeline, without)
    vae = diffusers.AutoencoderKL.from_pretrained(folders / "vae")
    stock_pipeline = diffusers.StableDiffusionPipeline.from_single_file(
        str(whole.file), config=str(whole.configs), local_files_only=True, vae=vae
    )
    stock_pipeline.set_progress_bar_config(disable=True)
    expected = stock_pipeline(
        "a red circle",
        num_inference_steps=2,
        guidance_scale=7.5,
        **SIZE,
        generator=torch.Generator().manual_seed(0),
    ).images[0]
    for file in (whole, lacking):
        asked = {"model": str(file.file), "config": str(file.configs), "guidance": 7.5}
        params = GenerationParams.of(
            prompt="a red circle", steps=2, vae=str(folders / "vae"), **SIZE, **asked
        )
        (picture,) = drawn([params])
        assert difference(picture.image, expected) <= 1
        assert picture.params.vae.weights
    with pytest.raises(ModelError, match="has no vae in its file"):
        drawn([params.replace(vae=None)])


def test_a_component_is_loaded_in_the_dtype_of_the_model(folders):
    params = cell(folders, vae=str(folders / "vae"), dtype="bfloat16")
    (picture,) = drawn([params])
    assert picture.dtype == "bfloat16"
    vae = diffusers.AutoencoderKL.from_pretrained(folders / "vae", dtype=torch.bfloat16)
    expected = stock(folders, params, vae=vae, dtype=torch.bfloat16)
    assert difference(picture.image, expected) <= 8


def test_cells_of_one_vae_are_decoded_together(folders, monkeypatch):
    rows = []
    decode = diffusers.AutoencoderKL._decode

    def counted(self, latents, *arguments, **options):
        rows.append(len(latents))
        return decode(self, latents, *arguments, **options)

    monkeypatch.setattr(diffusers.AutoencoderKL, "_decode", counted)
    drawn([cell(folders, seed=seed, vae=str(folders / "vae")) for seed in range(3)])
    assert rows == [3]
