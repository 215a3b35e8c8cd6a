"""CLIP scores are those of the stock call, and folders that hold no such network are refused first."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import tiny_clips
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer, CLIPModel, CLIPProcessor

from dwlab.errors import InvalidInput, ModelError
from dwlab.metrics import clip_folder, registry
from dwlab.metrics.setup import Setup
from dwlab.shapes import CLIP, draw, full_caption, random_scene
from dwlab.spec.metric_requests import MetricRequest

RNG = np.random.default_rng(5)
SCENES = [random_scene(RNG) for _ in range(5)]
PICTURES = [draw(scene, RNG) for scene in SCENES]
CAPTIONS = [full_caption(scene) for scene in SCENES]


def measurer(folder, name="clip_score", **options):
    request = MetricRequest(name, model=str(folder), **options)
    metric = registry.FINISHED[name]
    return metric.make(
        Setup(request, "cpu", registry.network(request, registry.metric_of(request)))
    )


def test_the_shipped_clip_scores_as_the_stock_call_does():
    model = CLIPModel.from_pretrained(CLIP).eval()
    processor = CLIPProcessor.from_pretrained(CLIP)
    inputs = processor(text=CAPTIONS, images=PICTURES, return_tensors="pt", padding=True)
    with torch.no_grad():
        outputs = model(**inputs)
    cosines = torch.nn.functional.cosine_similarity(outputs.image_embeds, outputs.text_embeds)
    expected = (100 * cosines).clamp(min=0).tolist()
    assert measurer(CLIP).scores(PICTURES, CAPTIONS) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("kind", tiny_clips.KINDS)
def test_every_kind_of_network_scores_as_its_stock_call_does(clip_folders, kind):
    folder = clip_folders[kind]
    model = AutoModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    # SigLIP's documentation asks for it
    options = {"padding": True}
    if kind.startswith("siglip"):
        options = {"padding": "max_length", "max_length": 64}
    prompts = ["a red star", "a small blue circle on the left"]
    tokens = tokenizer(prompts, return_tensors="pt", **options)
    images = AutoImageProcessor.from_pretrained(folder)(images=PICTURES[:2], return_tensors="pt")
    with torch.no_grad():
        outputs = model(**tokens, **images)
    pairs = torch.nn.functional.cosine_similarity(outputs.image_embeds, outputs.text_embeds)
    expected = (100 * pairs).clamp(min=0).tolist()
    assert measurer(folder).scores(PICTURES[:2], prompts) == pytest.approx(expected, abs=1e-3)


def test_a_picture_that_shows_its_prompt_scores_higher_than_one_that_does_not():
    scorer = measurer(CLIP)
    own = scorer.scores(PICTURES, CAPTIONS)
    others = scorer.scores(PICTURES, [*CAPTIONS[1:], CAPTIONS[0]])
    assert all(first > second for first, second in zip(own, others, strict=True))


def test_pictures_of_any_size_and_prompts_of_any_length_are_scored(caplog):
    picture = Image.new("L", (200, 33), 90)
    (score,) = measurer(CLIP).scores([picture], ["a red star " * 100])
    assert 0 <= score <= 100
    assert "77 tokens" in caplog.text


def changed(folder, target, change):
    """A copy of a folder whose config was changed."""
    shutil.copytree(folder, target)
    config = json.loads((target / "config.json").read_text("utf-8"))
    change(config)
    (target / "config.json").write_text(json.dumps(config), "utf-8")
    return target


def without_weights(folder):
    (folder / "model.safetensors").unlink()


def pickled(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut_short(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def broken_config(folder):
    (folder / "config.json").write_text('{"model_type": "clip", ', "utf-8")


def no_config(folder):
    (folder / "config.json").unlink()


def open_clip(folder):
    (folder / "config.json").rename(folder / "open_clip_config.json")


def image_reward(folder):
    (folder / "config.json").rename(folder / "med_config.json")


def no_tokenizer(folder):
    for path in folder.glob("*token*"):
        path.unlink()


def no_processor(folder):
    (folder / "preprocessor_config.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (without_weights, "missing"),
        (pickled, "pickle"),
        (cut_short, "cut short"),
        (broken_config, "config.json"),
        (no_config, "has no config.json"),
        (open_clip, "layout of open_clip"),
        (image_reward, "ImageReward is BLIP"),
        (no_tokenizer, "no tokenizer"),
        (no_processor, "no image processor"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_before_it_is_loaded(
    clip_folders, tmp_path, spoil, words
):
    folder = shutil.copytree(clip_folders["clip"], tmp_path / "clip")
    spoil(folder)
    with pytest.raises((InvalidInput, ModelError), match=words):
        clip_folder.find("model", str(folder))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "bert"}, "this is a bert"),
        ({"model_type": "blip"}, "ImageReward"),
        ({"model_type": ["clip"]}, "this is a"),
        ({"architectures": ["CLIPVisionModelWithProjection"]}, "CLIPVisionModelWithProjection"),
        ({"auto_map": {"AutoModel": "evil.Model"}, "model_type": "evil"}, "this is a evil"),
    ],
)
def test_other_models_are_refused_by_what_their_config_says(clip_folders, tmp_path, change, words):
    folder = changed(clip_folders["clip"], tmp_path / "other", lambda config: config.update(change))
    with pytest.raises(InvalidInput, match=words):
        clip_folder.find("model", str(folder))


def test_code_that_a_folder_names_is_not_run(clip_folders, tmp_path):
    code = {"auto_map": {"AutoModel": "evil.Model", "AutoTokenizer": ["evil.T", "evil.T"]}}
    folder = changed(clip_folders["clip"], tmp_path / "code", lambda config: config.update(code))
    (folder / "evil.py").write_text("raise SystemExit('ran')", "utf-8")
    assert len(measurer(folder).scores(PICTURES, CAPTIONS)) == len(PICTURES)


def test_weights_that_are_not_finite_or_not_all_there_are_refused(clip_folders, tmp_path):
    broken = {}
    for name in ("nan", "lacking"):
        broken[name] = shutil.copytree(clip_folders["clip"], tmp_path / name)
    tensors = load_file(clip_folders["clip"] / "model.safetensors")
    tensors["text_projection.weight"][0, 0] = float("nan")
    save_file(tensors, broken["nan"] / "model.safetensors", {"format": "pt"})
    del tensors["text_projection.weight"]
    save_file(tensors, broken["lacking"] / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="not finite numbers"):
        measurer(broken["nan"])
    with pytest.raises(ModelError, match="lacks weights"):
        measurer(broken["lacking"])


def test_a_file_and_a_name_that_is_nothing_are_refused():
    with pytest.raises(InvalidInput, match="this is a file"):
        clip_folder.find("model", str(CLIP / "config.json"))
    with pytest.raises(InvalidInput, match="a folder that exists, or a hub id"):
        clip_folder.find("model", "no such folder")
    with pytest.raises(InvalidInput, match="hf download openai/clip-vit-base-patch32"):
        clip_folder.find("model", "openai/clip-vit-base-patch32")
