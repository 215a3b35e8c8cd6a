"""A folder that is no text-to-image pipeline, or not whole, is told by its files before anything runs, at every door."""

from __future__ import annotations

import inspect
import json
import os
import shutil

import diffusers
import numpy as np
import pytest
import safetensors.torch
import tiny
import torch
from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput, ModelError
from dwlab.models import loading, pipeline_kinds
from dwlab.models.identity import identify
from dwlab.models.settings import Settings
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.spec.catalog import SHAPES_FOLDER


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))


def changed(path, **values):
    """Change a JSON file; None takes a key away."""
    content = json.loads(path.read_text()) | values
    path.write_text(
        json.dumps({name: value for name, value in content.items() if value is not None})
    )


@pytest.fixture
def pipeline(tmp_path):
    """A copy of the embedded model."""
    return shutil.copytree(SHAPES_FOLDER, tmp_path / "model")


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


def pipeline_of(cls, **index):
    return lambda folder: changed(folder / "model_index.json", _class_name=cls, **index)


def unet_of(channels):
    return lambda folder: changed(folder / "unet" / "config.json", in_channels=channels)


def flux_of(channels, **config):
    def change(folder):
        shutil.rmtree(folder / "unet")
        changed(folder / "model_index.json", _class_name="FluxPipeline", unet=None)
        config_ = {"_class_name": "FluxTransformer2DModel", "in_channels": channels, **config}
        write(folder / "transformer" / "config.json", config_)

    return change


OTHER_KINDS = {
    "an inpainting UNet": (unet_of(9), "inpainting model.*its unet takes 9 channels"),
    "an instruction UNet": (unet_of(8), "edits a picture"),
    "an upscaling UNet": (unet_of(7), "enlarges a picture"),
    "a depth UNet": (unet_of(5), "depth map"),
    "an unknown number of channels": (unet_of(13), "needs a picture besides the prompt"),
    "a refiner": (
        pipeline_of("StableDiffusionXLImg2ImgPipeline", requires_aesthetics_score=True),
        "SDXL refiner",
    ),
    "FLUX Fill": (flux_of(384, out_channels=64), r"FLUX Fill.*384 channels"),
    "FLUX Depth": (flux_of(128, out_channels=64), r"control picture \(FLUX Canny or Depth\)"),
    "FLUX Fill without out_channels": (flux_of(384), "FLUX Fill"),
    "Fill's own class": (pipeline_of("FluxFillPipeline"), "inpainting pipeline"),
    "a ControlNet pipeline": (
        pipeline_of("StableDiffusionControlNetPipeline"),
        "needs a control picture",
    ),
    "Flux Control": (pipeline_of("FluxControlPipeline"), "needs a control picture"),
    "an image-to-image pipeline": (pipeline_of("ChromaImg2ImgPipeline"), "changes a picture"),
    "an editing pipeline": (pipeline_of("QwenImageEditPipeline"), "changes a picture"),
    "an upscaler": (pipeline_of("StableDiffusionUpscalePipeline"), "enlarges or refines"),
    "a video pipeline": (pipeline_of("StableVideoDiffusionPipeline"), "for video"),
    "another video pipeline": (pipeline_of("WanPipeline"), "for video"),
    "an audio pipeline": (pipeline_of("AudioLDM2Pipeline"), "for sound"),
    "a prior": (pipeline_of("KandinskyV22PriorPipeline"), "one of two halves"),
    "a decoder": (pipeline_of("StableCascadeDecoderPipeline"), "one of two halves"),
    "an unconditional pipeline": (pipeline_of("DDPMPipeline"), "takes no prompt"),
    "a depth estimator": (pipeline_of("MarigoldDepthPipeline"), "measures a picture"),
    "a kind that comes later": (pipeline_of("OmniGenPipeline"), "does not draw with yet"),
    "an unknown class": (
        pipeline_of("NoSuchPipeline"),
        r"NoSuchPipeline, which diffusers .* does not have; a newer",
    ),
    "no class": (pipeline_of(""), "names diffusers"),
}


@pytest.mark.parametrize("case", OTHER_KINDS)
def test_a_pipeline_of_another_kind_is_told_by_its_files(pipeline, case):
    change, words = OTHER_KINDS[case]
    change(pipeline)
    with pytest.raises(ModelError, match=words) as caught:
        identify(str(pipeline))
    if case not in ("an unknown class", "no class"):
        assert "dwlab draws with whole text-to-image pipelines: use " in str(caught.value)


def lora(folder, name="pytorch_lora_weights.safetensors"):
    safetensors.torch.save_file({"unet.down.lora_A.weight": torch.zeros(2)}, folder / name)


def component(**config):
    return lambda folder: write(folder / "config.json", config)


NO_PIPELINES = {
    "a ControlNet": (
        component(_class_name="ControlNetModel"),
        r"a ControlNet, .*\(ControlNetModel\)",
    ),
    "a FLUX ControlNet": (component(_class_name="FluxControlNetModel"), "a ControlNet"),
    "a T2I adapter": (component(_class_name="T2IAdapter"), "an adapter"),
    "a UNet": (component(_class_name="UNet2DConditionModel"), "the denoiser of a pipeline alone"),
    "a transformer": (
        component(_class_name="SD3Transformer2DModel"),
        "the denoiser of a pipeline alone",
    ),
    "a VAE": (component(_class_name="AutoencoderKL"), "the autoencoder"),
    "a text encoder": (component(model_type="clip_text_model"), "a transformers model alone"),
    "another part": (
        component(_class_name="StableDiffusionSafetyChecker"),
        "a part of a pipeline alone",
    ),
    "a scheduler": (lambda f: write(f / "scheduler_config.json", {}), "the scheduler"),
    "a tokenizer": (lambda f: write(f / "tokenizer_config.json", {}), "the tokenizer"),
    "a LoRA": (lora, "a LoRA, which changes another model"),
    "a LoRA of PEFT": (lambda f: write(f / "adapter_config.json", {}), "a LoRA"),
    "a LoRA of another name": (
        lambda f: lora(f, "style.safetensors"),
        r"a LoRA \(style.safetensors\)",
    ),
    "an embedding": (lambda f: write(f / "learned_embeds.safetensors", ""), "an embedding"),
    "a single file": (
        lambda f: write(f / "v1-5-pruned.safetensors", "x"),
        r"single-file.*from_single_file",
    ),
    "an old single file": (lambda f: write(f / "model.ckpt", "x"), "single-file checkpoint"),
    "the hub's cache": (lambda f: (f / "snapshots").mkdir(), "a repository of the hub's cache"),
    "a folder of pipelines": (
        lambda f: write(f / "mine" / "model_index.json", {}),
        "a folder of pipelines.*mine",
    ),
    "a modular pipeline": (
        lambda f: write(f / "modular_model_index.json", {}),
        "a modular pipeline",
    ),
    "a config that is none": (
        lambda f: write(f / "config.json", "["),
        "nothing that diffusers saved",
    ),
    "nothing": (lambda _: None, "nothing that diffusers saved"),
}


@pytest.mark.parametrize("case", NO_PIPELINES)
def test_a_folder_that_is_no_pipeline_is_told_by_its_files(empty, case):
    make, words = NO_PIPELINES[case]
    make(empty)
    with pytest.raises(ModelError, match=f"(?s){words}") as caught:
        identify(str(empty))
    assert "dwlab draws with whole text-to-image pipelines" in str(caught.value)
    assert "give " in str(caught.value) or "make a folder of it" in str(caught.value)


def test_a_file_in_place_of_a_folder_is_told_what_it_is(empty):
    lora(empty, "style.safetensors")
    write(empty / "notes.txt", "hello")
    write(empty / "old.ckpt", "x")
    for name, words in {
        "style.safetensors": "a LoRA",
        "notes.txt": "a file",
        "old.ckpt": "single-file",
    }.items():
        with pytest.raises(ModelError, match=words):
            identify(str(empty / name))


def takes_a_control_picture(cls):
    return bool({"image", "control_image"} & set(inspect.signature(cls.__call__).parameters))


def test_the_pipelines_that_are_taken_are_those_that_diffusers_draws_from_text_with():
    drawing = {cls.__name__: cls for cls in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()}
    lacking = {
        name
        for name in pipeline_kinds.DRAWS
        if getattr(getattr(diffusers, name), "_backends", None)
    }
    assert all(hasattr(diffusers, name) for name in pipeline_kinds.DRAWS)
    for name, cls in drawing.items():
        refused = "Control" in name or "Combined" in name or "Helios" in name
        assert (name in pipeline_kinds.DRAWS) != refused, name
        assert not refused or takes_a_control_picture(cls) or "Combined" in name
    for name in pipeline_kinds.DRAWS - set(drawing) - lacking:  # for pictures, with the same parts
        base = name.replace("Img2Img", "").replace("Inpainting", "").replace("Inpaint", "")
        assert base in drawing, name


@pytest.mark.parametrize(
    "cls", ["StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline"]
)
def test_a_pipeline_for_pictures_whose_parts_are_those_for_text_is_drawn_with(pipeline, cls):
    changed(pipeline / "model_index.json", _class_name=cls)
    picture = dwlab.generate("a red circle", model=str(pipeline), width=64, height=64, steps=1)
    assert picture.image.size == (64, 64)


# -- weights that are not whole -------------------------------------------------------------------

WEIGHTS = "diffusion_pytorch_model.safetensors"


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def sharded(folder, lost=None):
    """Make the weights of the unet two shards."""
    tensors = list(safetensors.torch.load_file(folder / "unet" / WEIGHTS).items())
    half = len(tensors) // 2
    names = [f"diffusion_pytorch_model-0000{k}-of-00002.safetensors" for k in (1, 2)]
    for name, part in zip(names, (tensors[:half], tensors[half:]), strict=True):
        safetensors.torch.save_file(dict(part), folder / "unet" / name)
    places = {name: names[k >= half] for k, (name, _) in enumerate(tensors)}
    write(
        folder / "unet" / f"{WEIGHTS}.index.json",
        {"metadata": {"total_size": 1}, "weight_map": places},
    )
    (folder / "unet" / WEIGHTS).unlink()
    if lost is not None:
        (folder / "unet" / names[lost]).unlink()


def variant_only(folder):
    (folder / "vae" / WEIGHTS).rename(folder / "vae" / "diffusion_pytorch_model.fp16.safetensors")


def dangling(folder):
    (folder / "vae" / WEIGHTS).unlink()
    (folder / "vae" / WEIGHTS).symlink_to("gone")


def pipe(folder):
    (folder / "unet" / WEIGHTS).unlink()
    os.mkfifo(folder / "unet" / WEIGHTS)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
NOT_WHOLE = {
    "missing": (lambda f: (f / "unet" / WEIGHTS).unlink(), "the weights of unet are missing"),
    "a folder missing": (lambda f: shutil.rmtree(f / "text_encoder"), "text_encoder is missing"),
    "no config": (lambda f: (f / "vae" / "config.json").unlink(), "vae is missing"),
    "empty": (
        lambda f: cut(f / "unet" / WEIGHTS, 0),
        rf"weights of unet are broken: .*{WEIGHTS} is empty \(0 bytes\)",
    ),
    "cut in the data": (
        lambda f: cut(f / "unet" / WEIGHTS, -1),
        r"cut short: it has [\d,]+ of [\d,]+ bytes",
    ),
    "cut in half": (
        lambda f: cut(f / "vae" / WEIGHTS, 40_000),
        r"weights of vae .* 40,000 of [\d,]+ bytes",
    ),
    "cut in the header": (lambda f: cut(f / "unet" / WEIGHTS, 100), "cut short: it has 100 of"),
    "cut in the length": (lambda f: cut(f / "unet" / WEIGHTS, 4), "cut short: it has 4 of"),
    "more than its header says": (
        lambda f: (f / "vae" / WEIGHTS).write_bytes((f / "vae" / WEIGHTS).read_bytes() + b"more"),
        "is not a safetensors file",
    ),
    "a web page": (
        lambda f: write(f / "unet" / WEIGHTS, "<html><title>404</title>"),
        "is not a safetensors file",
    ),
    "a pointer of Git LFS": (
        lambda f: write(f / "unet" / WEIGHTS, POINTER),
        "Git LFS pointer.*git lfs pull",
    ),
    "a variant only": (variant_only, "there is only the variant fp16"),
    "a link to nothing": (dangling, "the weights of vae are missing"),
    "a pipe": (pipe, "is not a regular file"),
    "a shard": (lambda f: sharded(f, lost=1), "some weights of .* are missing .*00002-of-00002"),
    "the first shard": (
        lambda f: sharded(f, lost=0),
        "some weights of .* are missing .*00001-of-00002",
    ),
}


@pytest.mark.parametrize("case", NOT_WHOLE)
def test_weights_of_a_folder_that_are_not_whole_are_told(pipeline, case):
    change, words = NOT_WHOLE[case]
    change(pipeline)
    with pytest.raises(ModelError, match=f"(?s){words}.* again") as caught:
        identify(str(pipeline))
    assert "\n" not in str(caught.value)


def test_an_empty_shard_is_told(pipeline):
    sharded(pipeline)
    identify(str(pipeline))
    cut(pipeline / "unet" / "diffusion_pytorch_model-00002-of-00002.safetensors", 0)
    with pytest.raises(ModelError, match=r"00002-of-00002\.safetensors is empty"):
        identify(str(pipeline))


def test_weights_that_are_mended_are_taken(pipeline):
    whole = (pipeline / "unet" / WEIGHTS).read_bytes()
    cut(pipeline / "unet" / WEIGHTS, -1)
    with pytest.raises(ModelError, match="cut short"):
        identify(str(pipeline))
    (pipeline / "unet" / WEIGHTS).write_bytes(whole)
    assert identify(str(pipeline)).weights == identify("shapes").weights


# -- at every door ---------------------------------------------------------------------------------

BROKEN = {
    "a kind": (unet_of(9), "inpainting model"),
    "weights": (NOT_WHOLE["empty"][0], "is empty (0 bytes)"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_every_door_tells_a_wrong_checkpoint_in_one_line_before_the_run(
    pipeline, tmp_path, monkeypatch, case
):
    change, words = BROKEN[case]
    change(pipeline)
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path / "experiments" / "x.yaml",
        {"name": "x", "model": str(pipeline), "base": {"prompt": "a"}},
    )
    for command in (
        ["generate", "a", "--model", str(pipeline)],
        ["sweep", "experiments/x.yaml", "--dry-run"],
        ["sweep", "experiments/x.yaml"],
    ):
        result = CliRunner().invoke(app, command)
        assert (
            result.exit_code == 2 and words in result.output and "Traceback" not in result.output
        ), command
    with pytest.raises(ModelError) as said:
        dwlab.load(str(pipeline))
    for door in (
        lambda: Sweep.from_yaml("experiments/x.yaml").plan(),
        lambda: next(dwlab.stream([cell(pipeline)])),
    ):
        with pytest.raises(ModelError) as caught:
            door()
        assert str(caught.value) == str(said.value) and words in str(caught.value)
    assert not (tmp_path / "results").exists()


def cell(model, **changes):
    from dwlab.spec.params import GenerationParams

    return GenerationParams(
        "a red circle", model=str(model), **{"width": 64, "height": 64, "steps": 1, **changes}
    )


# -- models that fail only when they load -----------------------------------------------------------


def two_models(folder, results):
    base = {"prompt": "a red circle", "width": 64, "height": 64, "steps": 1}
    spec = Sweep("two", base=base, axes={"model": [str(folder), "shapes"]})
    events = []
    outcome = run(spec, results=results, on_event=events.append)
    return outcome, [event for event in events if event.kind == "failed"]


def test_a_model_that_does_not_load_is_its_own_failed_cells_and_the_sweep_goes_on(
    pipeline, tmp_path
):
    changed(pipeline / "unet" / "config.json", cross_attention_dim=999)
    outcome, failed = two_models(pipeline, tmp_path / "results")
    assert (outcome.made, outcome.failed, outcome.left) == (1, 1, 0)
    assert failed[0].error.endswith("its configs do not fit its weights: copy or download it again")
    assert "low_cpu_mem_usage" not in failed[0].error


def test_a_model_whose_index_has_no_decoder_is_its_own_failed_cells_and_the_part_is_named(
    pipeline, tmp_path
):
    changed(pipeline / "model_index.json", vae=None)
    shutil.rmtree(pipeline / "vae")
    outcome, failed = two_models(pipeline, tmp_path / "results")
    assert (outcome.made, outcome.failed, outcome.left) == (1, 1, 0)
    assert failed[0].error.endswith("does not load: it lacks vae; copy or download it again")


@pytest.mark.parametrize(
    "raised",
    [ZeroDivisionError("odd"), AssertionError("odd"), MemoryError("odd"), ImportError("odd")],
)
def test_whatever_happens_while_a_model_is_set_up_is_its_own_failed_cells(
    pipeline, tmp_path, monkeypatch, raised
):
    apply = loading.apply

    def odd(loaded, settings, device):
        if str(loaded.config._name_or_path) == str(pipeline):
            raise raised
        apply(loaded, settings, device)

    write(pipeline / "notes.txt", "weights of its own")
    monkeypatch.setattr(loading, "apply", odd)
    outcome, failed = two_models(pipeline, tmp_path / "results")
    assert (outcome.made, outcome.failed, outcome.left) == (1, 1, 0)
    assert "does not load: odd" in failed[0].error
    assert failed[0].status == ("oom" if isinstance(raised, MemoryError) else "failed")


def test_a_broken_model_s_command_ends_with_the_others_pictures_and_no_traceback(
    pipeline, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    changed(pipeline / "unet" / "config.json", cross_attention_dim=999)
    base = {"prompt": "a", "width": 64, "height": 64, "steps": 1}
    write(
        tmp_path / "x.yaml",
        {"name": "x", "base": base, "axes": {"model": [str(pipeline), "shapes"]}},
    )
    result = CliRunner().invoke(app, ["sweep", "x.yaml", "--no-notebook"])
    assert result.exit_code == 3 and "1 made now" in result.output and "1 failed" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("family", ["deepfloyd", "kandinsky3"])
def test_a_model_without_a_vae_draws_what_stock_draws(tmp_path, family):
    stock = getattr(tiny, family)()
    stock.set_progress_bar_config(disable=True)
    stock.save_pretrained(tmp_path / family)
    picture = dwlab.generate(
        "a red circle",
        model=str(tmp_path / family),
        width=64,
        height=64,
        steps=2,
        guidance=3.0,
        seed=1,
    )
    expected = stock(
        "a red circle", width=64, height=64, num_inference_steps=2, guidance_scale=3.0, output_type="np",
        generator=torch.Generator().manual_seed(1),
    ).images[0]  # fmt: skip
    assert np.abs(np.asarray(picture.image, dtype=int) - np.round(expected * 255)).max() <= 1


def test_a_model_without_a_decoder_that_can_be_sliced_says_so():
    settings = Settings(slicing="vae")
    with pytest.raises(
        InvalidInput, match="none or attention for this model, whose decoder cannot be sliced"
    ):
        loading.apply(tiny.deepfloyd(), settings, "cpu")
