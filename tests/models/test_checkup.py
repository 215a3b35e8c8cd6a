"""A model's check says everything that would go wrong before a run, with the words of a run."""

from __future__ import annotations

import json
import shutil

import original_layouts
import pytest
import safetensors.torch
import single_files
import tiny
import torch
from weightless import safetensors as weightless

from dwlab.errors import InvalidInput
from dwlab.models.checkup import check


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound") / "model"
    tiny.sd().save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: creativeml-openrail-m\n---\n# A model\n")
    return folder


@pytest.fixture
def folder(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "model")


def codes(checkup):
    return [problem.code for problem in checkup.problems]


def test_a_sound_folder_has_no_problems(sound):
    checkup = check(str(sound))
    assert checkup.problems == []
    assert checkup.fits
    assert checkup.facts["pipeline"] == "StableDiffusionPipeline"
    assert checkup.facts["licence"] == "creativeml-openrail-m"
    assert "free" in checkup.facts["memory"]


def test_every_problem_of_a_folder_is_found_not_only_the_first(folder):
    (folder / "README.md").unlink()
    (folder / "pipeline.py").write_text("raise SystemExit")
    (folder / "vae" / "config.json").unlink()
    unet = folder / "unet" / "config.json"
    config = json.loads(unet.read_text())
    unet.write_text(json.dumps(config | {"cross_attention_dim": 48}))
    text = folder / "text_encoder"
    (text / "model.safetensors").rename(text / "model.fp16.safetensors")
    (folder / "gone.json").symlink_to(folder / "nowhere")
    index = folder / "model_index.json"
    parts = json.loads(index.read_text())
    index.write_text(json.dumps(parts | {"scheduler": ["diffusers", "NoSuchScheduler"]}))
    checkup = check(str(folder))
    assert not checkup.fits
    assert {"link", "code", "missing", "tensors", "variant", "class", "licence"} <= set(
        codes(checkup)
    )
    texts = " ".join(problem.text for problem in checkup.problems)
    assert "vae is missing" in texts
    assert "unet: " in texts and "48]" in texts
    assert "write `variant: fp16`" in texts
    assert "NoSuchScheduler" in texts


def test_a_text_encoder_of_other_shapes_is_found(folder):
    path = folder / "text_encoder" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"hidden_size": 48}))
    texts = [problem.text for problem in check(str(folder)).problems if problem.code == "tensors"]
    assert len(texts) == 1
    assert texts[0].startswith("text_encoder: ") and "tensors have other shapes" in texts[0]
    assert "instead of" in texts[0]


@pytest.mark.parametrize("name", ["flux", "sd3", "sdxl"])
def test_sound_text_encoders_of_other_kinds_are_found_sound(name, tmp_path):
    getattr(tiny, name)().save_pretrained(tmp_path / "m")
    assert [each for each in check(str(tmp_path / "m")).problems if each.code == "tensors"] == []


def test_pickles_and_broken_weights_are_found_together(folder):
    vae = folder / "vae" / "diffusion_pytorch_model.safetensors"
    torch.save({}, vae.with_suffix(".bin"))
    vae.unlink()
    unet = folder / "unet" / "diffusion_pytorch_model.safetensors"
    unet.write_bytes(unet.read_bytes()[:-100])
    (folder / "text_encoder" / "model.safetensors").write_text("version https://git-lfs")
    texts = [problem.text for problem in check(str(folder)).problems]
    assert any("is a pickle" in text for text in texts)
    assert any("cut short" in text and "unet" in text for text in texts)
    assert any("Git LFS pointer" in text for text in texts)


def test_code_in_the_index_is_found(folder):
    index = folder / "model_index.json"
    parts = json.loads(index.read_text())
    index.write_text(json.dumps(parts | {"unet": ["os", "system"]}))
    checkup = check(str(folder))
    assert "trust" in codes(checkup)
    assert not checkup.fits


def test_a_folder_that_is_no_pipeline_says_what_it_is(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    (problem, *_) = check(str(tmp_path)).problems
    assert "a LoRA" in problem.text


def test_a_sound_file_has_facts_and_only_a_missing_licence(tmp_path):
    pipeline = tiny.sd()
    file = single_files.write(tmp_path, "sd", pipeline, original_layouts.stable_diffusion(pipeline))
    checkup = check(str(file.file), str(file.configs))
    assert codes(checkup) == ["licence"]
    assert checkup.fits
    assert checkup.facts["layout"] == "sd15"
    assert checkup.facts["tensors"] > 100


def test_a_file_of_other_shapes_and_names_says_which(tmp_path):
    pipeline = tiny.sd()
    tensors = original_layouts.stable_diffusion(pipeline)
    tensors.pop("first_stage_model.decoder.conv_out.bias")
    file = single_files.write(tmp_path, "sd", pipeline, tensors)
    unet = file.configs / "unet" / "config.json"
    unet.write_text(json.dumps(json.loads(unet.read_text()) | {"cross_attention_dim": 48}))
    problems = check(str(file.file), str(file.configs)).problems
    texts = [problem.text for problem in problems if problem.code == "tensors"]
    assert [text.split(":")[0] for text in texts] == ["unet", "vae"]
    assert "tensors have other shapes" in texts[0] and "48]" in texts[0]
    assert "1 tensors are missing (decoder.conv_out.bias)" in texts[1]


def test_parts_that_a_file_lacks_and_its_licence_are_told(tmp_path):
    flux = {"double_blocks.0.img_attn.norm.key_norm.scale": (128,), "img_in.weight": (3072, 64)}
    words = {"modelspec.license": "apache-2.0"}
    file = weightless(tmp_path / "flux.safetensors", flux, metadata=words)
    checkup = check(str(file))
    (problem,) = checkup.problems
    assert problem.code == "parts"
    assert "text_encoder_2" in problem.text
    assert checkup.facts["licence"] == "apache-2.0"


def test_a_model_that_cannot_fit_is_told_with_the_numbers(folder):
    weightless(folder / "unet" / "diffusion_pytorch_model.safetensors", {"weight": (100 << 30,)})
    texts = {problem.code: problem.text for problem in check(str(folder)).problems}
    assert "does not fit into the memory" in texts["memory"]
    assert "GB" in texts["memory"]


def test_files_that_are_refused_say_why(tmp_path):
    pickle = tmp_path / "old.ckpt"
    pickle.write_bytes(b"x")
    assert "dwlab convert" in check(str(pickle)).problems[0].text
    lora = tmp_path / "style.safetensors"
    safetensors.torch.save_file({"lora_unet_down.lora_up.weight": torch.zeros(2)}, lora)
    assert "a LoRA" in check(str(lora)).problems[0].text
    with pytest.raises(InvalidInput, match="the path of a folder or file"):
        check(str(tmp_path / "nowhere"))
