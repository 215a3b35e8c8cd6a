"""Models in one file: the pictures are those of diffusers' own `from_single_file`, and what cannot be loaded is told before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import diffusers
import gguf
import numpy as np
import original_layouts
import pytest
import single_files
import tiny
import tiny_families
import torch
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel
from weightless import safetensors as weightless

from dwlab import generate, load, stream
from dwlab.errors import InvalidInput, MissingExtra, ModelError, RenderError
from dwlab.models import clip_tokenizer
from dwlab.models.identity import identify
from dwlab.models.tokens import count_tokens
from dwlab.runs.results import Results
from dwlab.runs.run import run
from dwlab.spec.layouts import LAYOUTS
from dwlab.spec.params import GenerationParams
from dwlab.spec.sweep import SweepSpec

KINDS = ("sd15", "sdxl", "sd3", "flux", "lcm")
SIZE = {"width": 32, "height": 32, "steps": 2}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return single_files.make(tmp_path_factory.mktemp("files"))


def stock(kind, prompt, seed, **call):
    pipeline = kind.pipeline.from_single_file(
        str(kind.file), config=str(kind.configs), local_files_only=True, **kind.options
    )
    pipeline.set_progress_bar_config(disable=True)
    if getattr(pipeline, "text_encoder_3", None):
        # diffusers leaves its dropout on, so that no two pictures are the same
        assert pipeline.text_encoder_3.training, "the fault is mended upstream: dwlab need not care"
        pipeline.text_encoder_3.eval()
    generator = torch.Generator().manual_seed(seed)
    call = {"num_inference_steps": 2, "width": 32, "height": 32} | call
    return pipeline(prompt, generator=generator, **call).images[0]


def difference(first, second):
    return np.abs(np.asarray(first).astype(int) - np.asarray(second)).max()


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_those_of_stock_from_single_file(files, kind):
    file = files[kind]
    guidance = {} if kind == "lcm" else {"guidance": 5.0}
    picture = generate(
        "a cat", model=str(file.file), config=str(file.configs), seed=3, **SIZE, **guidance
    )
    call = {"guidance_scale": 5.0} if guidance else {"guidance_scale": picture.params.guidance}
    expected = stock(file, "a cat", 3, **call)
    assert difference(picture.image, expected) <= 1
    assert np.asarray(expected).std() > 5


def test_pictures_of_a_file_share_forwards(files):
    file = files["sd15"]
    asked = [
        GenerationParams(
            f"cat {seed}", seed=seed, model=str(file.file), config=str(file.configs), **SIZE
        )
        for seed in range(3)
    ]
    done = [event for event in stream(asked, pack=3) if event.kind == "done"]
    assert len(done) == 3
    for event in done:
        expected = stock(file, asked[event.index].prompt, event.index, guidance_scale=7.5)
        assert difference(event.result.image, expected) <= 1


def test_a_file_and_its_configs_decide_the_key_and_their_paths_do_not(files, tmp_path):
    file = files["sd15"]
    identity = identify(str(file.file), config=str(file.configs))
    shutil.copy(file.file, tmp_path / "other name.safetensors")
    shutil.copytree(file.configs, tmp_path / "elsewhere")
    moved = identify(str(tmp_path / "other name.safetensors"), config=str(tmp_path / "elsewhere"))
    assert moved.weights == identity.weights
    link = tmp_path / "link.safetensors"
    link.symlink_to(file.file)
    assert identify(str(link), config=str(file.configs)).weights == identity.weights

    scheduler = tmp_path / "elsewhere" / "scheduler" / "scheduler_config.json"
    scheduler.write_text(scheduler.read_text().replace("0.02", "0.03"))
    changed = identify(str(tmp_path / "other name.safetensors"), config=str(tmp_path / "elsewhere"))
    assert changed.weights != identity.weights
    assert identify(str(file.file), config="sd2").weights != identity.weights


def test_a_named_layout_has_the_key_of_the_same_layout_told_from_the_file(files):
    file = str(files["sd15"].file)
    told, named = identify(file), identify(file, config="sd15")
    assert told.weights == named.weights
    assert told.folder == named.folder == LAYOUTS["sd15"].folder
    asked = GenerationParams("a cat", model=file)
    again = GenerationParams("a cat", model=file, config="sd15")
    assert asked.key(told.weights, "float32") == again.key(named.weights, "float32")


def test_defaults_come_from_the_layout(files):
    params = GenerationParams("a cat", model=str(files["sd15"].file))
    assert (params.width, params.height, params.scheduler) == (512, 512, "PNDMScheduler")
    params = GenerationParams("a cat", model=str(files["sd15"].file), config="sd2")
    assert (params.width, params.scheduler) == (768, "DDIMScheduler")


def test_the_recipe_of_a_file_goes_through_a_sweep_and_its_table(files, tmp_path):
    file = files["sd15"]
    spec = SweepSpec(
        name="files",
        base={"model": str(file.file), "config": str(file.configs), "prompt": "a cat", **SIZE},
        axes={"prediction": ["epsilon", "v_prediction"]},
    )
    run(spec, results=tmp_path)
    table = Results(tmp_path).table("files")
    assert list(table["prediction"]) == ["epsilon", "v_prediction"]
    assert list(table["config"]) == [str(file.configs)] * 2
    first, second = (tmp_path / image for image in table["image"])
    assert first.read_bytes() != second.read_bytes()
    assert str(file.configs) not in first.read_bytes().decode("latin-1")
    expected = stock(file, "a cat", 0, guidance_scale=7.5)
    assert difference(Image.open(first), expected) <= 1


def test_a_v_prediction_file_is_drawn_as_such(tmp_path, files):
    file = files["sd15"]
    tensors = original_layouts.stable_diffusion(tiny.sd())
    marks = {"v_pred": torch.empty(0), "ztsnr": torch.empty(0)}
    marked = original_layouts.save(tmp_path / "v.safetensors", tensors | marks)
    model = load(str(marked), config=str(file.configs))
    config = model.pipeline.scheduler.config
    assert config.prediction_type == "v_prediction"
    assert config.rescale_betas_zero_snr
    picture = generate("a cat", model=str(marked), config=str(file.configs), seed=3, **SIZE)
    overridden = generate(
        "a cat", model=str(file.file), config=str(file.configs), seed=3, prediction="v_prediction",
        scheduler_options={"rescale_betas_zero_snr": True}, **SIZE,
    )  # fmt: skip
    plain = generate("a cat", model=str(file.file), config=str(file.configs), seed=3, **SIZE)
    assert difference(picture.image, overridden.image) <= 1
    assert difference(picture.image, plain.image) > 20


def test_a_prediction_that_the_scheduler_does_not_know_is_refused_before_loading(files):
    file = files["flux"]
    with pytest.raises(InvalidInput, match="prediction is 'v_prediction'; allowed: nothing for"):
        generate(
            "a cat",
            model=str(file.file),
            config=str(file.configs),
            prediction="v_prediction",
            **SIZE,
        )
    with pytest.raises(InvalidInput, match="prediction is 'flow'; allowed: one of epsilon"):
        GenerationParams("a cat", prediction="flow")


def test_a_config_that_does_not_exist_or_is_of_no_use_is_refused(files):
    with pytest.raises(InvalidInput, match="config is 'nowhere'; allowed: one of sd15"):
        GenerationParams("a cat", model=str(files["sd15"].file), config="nowhere")
    with pytest.raises(InvalidInput, match="allowed: nothing, because model 'shapes'"):
        GenerationParams("a cat", config="sd15")


def test_an_lcm_in_the_original_layout_keeps_its_guidance(files, tmp_path):
    pipeline = tiny_families.lcm()
    tensors = original_layouts.stable_diffusion(pipeline)
    file = original_layouts.save(tmp_path / "lcm.safetensors", tensors)
    model = load(str(file), config=str(files["lcm"].configs))
    expected = pipeline.unet.state_dict()
    read = model.pipeline.unet.state_dict()
    assert "time_embedding.cond_proj.weight" in expected
    assert read.keys() == expected.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in expected.items())


def test_parts_that_are_nowhere_are_named_before_loading(files, tmp_path):
    with pytest.raises(ModelError, match=r"has no text_encoder, .*vae in its file.*config: FOLDER"):
        identify(str(files["flux"].file), config="flux-schnell")
    flux = {"double_blocks.0.img_attn.norm.key_norm.scale": (128,), "img_in.weight": (3072, 64)}
    file = weightless(tmp_path / "flux1-schnell.safetensors", flux)
    with pytest.raises(ModelError, match=r"dwlab pull black-forest-labs/FLUX.1-schnell"):
        identify(str(file))


def test_parts_that_a_file_lacks_come_from_the_hubs_cache(tmp_path):
    from huggingface_hub.constants import HF_HUB_CACHE

    repository = Path(HF_HUB_CACHE) / "models--black-forest-labs--FLUX.1-schnell"
    commit = "a" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    snapshot = repository / "snapshots" / commit
    tiny.flux().save_pretrained(snapshot)
    flux = {"double_blocks.0.img_attn.norm.key_norm.scale": (128,), "img_in.weight": (3072, 64)}
    file = weightless(tmp_path / "flux1-schnell.safetensors", flux)
    try:
        identity = identify(str(file))
    finally:
        shutil.rmtree(repository)
    lent = ("text_encoder", "text_encoder_2", "tokenizer_2", "vae")
    assert identity.checkpoint.lent == tuple((part, snapshot / part) for part in lent)
    assert identity.folder == LAYOUTS["flux-schnell"].folder


def test_stable_diffusion_3_without_t5_is_drawn_without_it_and_says_so(tmp_path):
    pipeline = single_files.sd3()
    tensors = original_layouts.stable_diffusion_3(pipeline, t5=False)
    file = single_files.write(tmp_path, "sd3", pipeline, tensors)
    shutil.rmtree(file.configs / "tokenizer_3")
    identity = identify(str(file.file), config=str(file.configs))
    assert identity.checkpoint.absent == ("text_encoder_3", "tokenizer_3")
    (note,) = identity.checkpoint.notes
    assert "without" in note
    picture = generate(
        "a cat", model=str(file.file), config=str(file.configs), seed=3, guidance=5.0, **SIZE
    )
    without = {"text_encoder_3": None, "tokenizer_3": None}
    file = single_files.SingleFile(file.file, file.configs, file.pipeline, without, {})
    assert difference(picture.image, stock(file, "a cat", 3, guidance_scale=5.0)) <= 1


def test_a_file_that_changes_after_the_plan_is_noticed(tmp_path, files):
    from dwlab.models.identity import check_unchanged

    file = tmp_path / "model.safetensors"
    shutil.copy(files["sd15"].file, file)
    identity = identify(str(file))
    check_unchanged(identity)
    tensors = original_layouts.stable_diffusion(tiny.sd())
    original_layouts.save(file, {name: tensor + 1 for name, tensor in tensors.items()})
    with pytest.raises(ModelError, match="changed since the run was planned"):
        check_unchanged(identity)


def test_a_file_that_lacks_tensors_says_which(tmp_path, files):
    tensors = original_layouts.stable_diffusion(tiny.sd())
    del tensors["model.diffusion_model.out.2.weight"]
    file = original_layouts.save(tmp_path / "part.safetensors", tensors)
    with pytest.raises(RenderError, match=r"unet: 1 tensors are missing \(conv_out.weight\)"):
        generate("a cat", model=str(file), config=str(files["sd15"].configs), **SIZE)


def test_tokens_are_counted_with_the_shipped_vocabulary(files):
    assert count_tokens(str(files["sd15"].file), "a photo of a cat")[:2] == (5, 75)


REFUSED = {
    "a LoRA": ({"lora_unet_down.lora_up.weight": (4, 4)}, "a LoRA"),
    "an embedding": ({"emb_params": (4, 768)}, "an embedding"),
    "a ControlNet": ({"control_model.time_embed.0.weight": (4, 4)}, "a ControlNet"),
    "a VAE": ({"decoder.conv_in.weight": (4, 4)}, "the autoencoder"),
    "a text encoder": ({"text_model.final_layer_norm.weight": (4,)}, "the text encoder"),
    "scaled 8 bits": (
        {"model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3), "scaled_fp8": (2,)},
        "quantised in a form",
    ),
    "Chroma": ({"distilled_guidance_layer.in_proj.bias": (4,)}, "a checkpoint of Chroma"),
    "something else": ({"weight": (4,)}, "of an unknown layout; name them with config"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_without_a_whole_model_says_what_it_is(tmp_path, case):
    shapes, words = REFUSED[case]
    file = weightless(tmp_path / "file.safetensors", shapes)
    with pytest.raises(ModelError, match=words):
        identify(str(file))


@pytest.mark.parametrize("suffix", [".ckpt", ".bin", ".pt", ".pth"])
def test_a_pickle_is_refused_with_the_command_that_converts_it(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    file.write_bytes(b"x")
    with pytest.raises(ModelError, match=r"a pickle .* `dwlab convert .*` makes") as caught:
        identify(str(file))
    assert "\n" not in str(caught.value)


def gguf_file(path, model):
    """A transformer in 8 bits, as far as its rows are long enough."""
    writer = gguf.GGUFWriter(path, "flux")
    for name, tensor in model.state_dict().items():
        data = tensor.numpy()
        if data.ndim == 2 and data.shape[1] % 32 == 0:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quantize(data, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_pictures_of_a_gguf_file_are_those_of_stock(files, tmp_path):
    flux = tiny.flux()
    file = gguf_file(tmp_path / "flux.gguf", flux.transformer)
    configs = files["flux"].configs
    transformer = diffusers.FluxTransformer2DModel.from_single_file(
        str(file),
        config=str(configs),
        subfolder="transformer",
        quantization_config=diffusers.GGUFQuantizationConfig(compute_dtype=torch.float32),
        torch_dtype=torch.float32,
    )
    pipeline = diffusers.FluxPipeline.from_pretrained(configs, transformer=transformer)
    pipeline.set_progress_bar_config(disable=True)
    call = {"num_inference_steps": 2, "width": 32, "height": 32, "guidance_scale": 3.5}
    expected = pipeline("a cat", generator=torch.Generator().manual_seed(3), **call).images[0]
    asked = {"model": str(file), "config": str(configs), "seed": 3, **SIZE}
    picture = generate("a cat", guidance=3.5, **asked)
    assert difference(picture.image, expected) <= 1
    whole = generate("a cat", guidance=3.5, **asked | {"model": str(files["flux"].file)})
    assert picture.key != whole.key


def test_a_gguf_file_without_its_library_names_the_install_command(tmp_path, monkeypatch):
    file = gguf_file(tmp_path / "flux.gguf", tiny.flux().transformer)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r'pip install "dwlab\[quantised\]"'):
        identify(str(file))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_file_of_full_size_needs_nothing_beside_itself(tmp_path):
    folder = LAYOUTS["sd15"].folder
    parts = SimpleNamespace()
    torch.set_default_dtype(torch.bfloat16)
    try:
        for part, cls in (("unet", "UNet2DConditionModel"), ("vae", "AutoencoderKL")):
            config = json.loads((folder / part / "config.json").read_text())
            setattr(parts, part, getattr(diffusers, cls).from_config(config))
        config = CLIPTextConfig.from_pretrained(folder / "text_encoder")
        parts.text_encoder = CLIPTextModel(config)
    finally:
        torch.set_default_dtype(torch.float32)
    tensors = original_layouts.stable_diffusion(parts)
    file = original_layouts.save(tmp_path / "model.safetensors", tensors)
    del parts, tensors
    call = {"width": 64, "height": 64}
    picture = generate("a cat", model=str(file), steps=1, dtype="bfloat16", seed=3, **call)
    pipeline = diffusers.StableDiffusionPipeline.from_single_file(
        str(file),
        config=str(folder),
        tokenizer=clip_tokenizer.build(folder / "tokenizer"),
        torch_dtype=torch.bfloat16,
        local_files_only=True,
    )
    generator = torch.Generator().manual_seed(3)
    expected = pipeline("a cat", num_inference_steps=1, generator=generator, **call).images[0]
    assert difference(picture.image, expected) <= 1
