"""Distances between pictures are those of the stock calls."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    CLIPImageProcessorPil,
    CLIPModel,
)

from dwlab.errors import ModelError
from dwlab.metrics import registry
from dwlab.metrics.setup import Setup
from dwlab.shapes import CLIP, draw, random_scene
from dwlab.spec.metric_requests import MetricRequest

RNG = np.random.default_rng(8)
PICTURES = [draw(random_scene(RNG), RNG) for _ in range(4)]
BLURRED = [picture.filter(ImageFilter.GaussianBlur(1)) for picture in PICTURES]


def distance(name, model=""):
    request = MetricRequest(name, model=str(model), against=(("steps", 50),))
    metric = registry.FINISHED[name]
    return metric.make(
        Setup(request, "cpu", registry.network(request, registry.metric_of(request)))
    )


def between(name, first, second, model=""):
    measurer = distance(name, model)
    return measurer.between(measurer.features(first), measurer.features(second))


def tensor(picture):
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


def image_embeddings(pictures, **options):
    model = CLIPModel.from_pretrained(CLIP).eval()
    inputs = CLIPImageProcessorPil.from_pretrained(CLIP)(images=pictures, return_tensors="pt")
    with torch.no_grad():
        return model.vision_model(**inputs, **options), model


def test_ssim_and_psnr_are_those_of_torchmetrics():
    pairs = list(zip(PICTURES, BLURRED, strict=True))
    expected = {
        "ssim": [structural_similarity_index_measure, 1.0],
        "psnr": [peak_signal_noise_ratio, 120.0],
    }
    for name, (stock, best) in expected.items():
        by_hand = [float(stock(tensor(a), tensor(b), data_range=1.0)) for a, b in pairs]
        assert between(name, PICTURES, BLURRED) == pytest.approx(by_hand, rel=1e-4)
        # torchmetrics computes in float32
        assert between(name, PICTURES, PICTURES) == pytest.approx([best] * 4, abs=2e-3)


def test_the_perceptual_hash_is_that_of_imagehash():
    by_hand = [
        imagehash.phash(a) - imagehash.phash(b) for a, b in zip(PICTURES, BLURRED, strict=True)
    ]
    assert between("phash_distance", PICTURES, BLURRED) == by_hand
    assert between("phash_distance", PICTURES, PICTURES) == [0] * 4


def test_image_similarity_is_the_cosine_of_the_stock_call():
    outputs, model = image_embeddings([*PICTURES, *BLURRED])
    with torch.no_grad():
        vectors = model.visual_projection(outputs.pooler_output)
    by_hand = torch.nn.functional.cosine_similarity(vectors[:4], vectors[4:]).tolist()
    assert between("image_similarity", PICTURES, BLURRED) == pytest.approx(by_hand, abs=1e-5)
    assert between("image_similarity", PICTURES, PICTURES) == pytest.approx([1] * 4, abs=1e-5)


def test_the_perceptual_distance_is_that_of_lpips_without_its_weights():
    outputs, _ = image_embeddings([PICTURES[0], BLURRED[0]], output_hidden_states=True)
    by_layer = []
    for hidden in outputs.hidden_states[1:]:
        patches = hidden[:, 1:]
        unit = patches / patches.norm(dim=-1, keepdim=True)
        by_layer.append(((unit[0] - unit[1]) ** 2).sum(-1).mean())
    assert len(by_layer) == 4
    expected = float(torch.stack(by_layer).mean())
    (value,) = between("perceptual_distance", PICTURES[:1], BLURRED[:1])
    assert value == pytest.approx(expected, rel=1e-4)
    assert between("perceptual_distance", PICTURES, PICTURES) == pytest.approx([0] * 4, abs=1e-6)


def test_more_blur_is_farther_by_every_distance():
    more = [picture.filter(ImageFilter.GaussianBlur(4)) for picture in PICTURES]
    for name in ("ssim", "psnr", "phash_distance", "image_similarity", "perceptual_distance"):
        little = np.mean(between(name, PICTURES, BLURRED))
        much = np.mean(between(name, PICTURES, more))
        assert (little > much) == registry.FINISHED[name].facts.is_higher_better, name


def test_pictures_of_other_sizes_have_no_value_by_pixels():
    small = [picture.resize((32, 32)) for picture in PICTURES]
    mixed = [small[0], BLURRED[1], small[2], BLURRED[3]]
    for name in ("ssim", "psnr"):
        values = between(name, PICTURES, mixed)
        assert [value is None for value in values] == [True, False, True, False]
    assert all(value is not None for value in between("phash_distance", PICTURES, mixed))
    assert all(value is not None for value in between("image_similarity", PICTURES, mixed))
    tiny = [Image.new("RGB", (8, 8))]
    assert between("ssim", tiny, tiny) == [None]


def test_every_kind_of_network_compares_pictures(clip_folders):
    for kind, folder in clip_folders.items():
        (similarity,) = between("image_similarity", PICTURES[:1], PICTURES[:1], folder)
        assert similarity == pytest.approx(1, abs=1e-5), kind
        if kind != "siglip2":
            (value,) = between("perceptual_distance", PICTURES[:1], BLURRED[:1], folder)
            assert 0 < value < 4, kind
    with pytest.raises(ModelError, match="any number of patches"):
        distance("perceptual_distance", clip_folders["siglip2"])


def counts(pictures, tolerance=None):
    request = MetricRequest("duplicates", tolerance=tolerance)
    counter = registry.FINISHED["duplicates"].make(Setup(request, "cpu"))
    names = [str(number) for number in range(len(pictures))]
    return counter.counts(names, lambda name: pictures[int(name)])


def test_duplicates_are_counted_within_a_tolerance():
    brighter = PICTURES[0].point(lambda value: min(255, value + 2))
    one_pixel = PICTURES[1].copy()
    one_pixel.putpixel((5, 5), (0, 0, 0))
    pictures = [PICTURES[0], brighter, PICTURES[0].copy(), PICTURES[1], one_pixel, PICTURES[2]]
    assert counts(pictures) == [2, 2, 2, 0, 0, 0]
    assert counts(pictures, tolerance=0) == [1, 0, 1, 0, 0, 0]
    assert counts(pictures, tolerance=255) == [5] * 6
    smaller = PICTURES[0].resize((32, 32))
    assert counts([PICTURES[0], smaller], tolerance=255) == [0, 0]


def test_counting_duplicates_finds_what_comparing_all_pairs_finds():
    rng = np.random.default_rng(3)
    noise = rng.integers(-3, 4, (30, 16, 16, 3))
    pixels = np.clip(rng.integers(0, 256, (3, 16, 16, 3))[np.arange(30) % 3] + noise // 2, 0, 255)
    pictures = [Image.fromarray(each.astype(np.uint8)) for each in pixels]
    apart = np.abs(pixels[:, None] - pixels[None]).max(axis=(2, 3, 4))
    for tolerance in (1, 2, 3):
        expected = (apart <= tolerance).sum(axis=1) - 1
        assert counts(pictures, tolerance) == expected.tolist()


def test_the_preference_is_what_the_network_calls_logits(clip_folders):
    for kind in ("clip", "siglip"):
        folder = clip_folders[kind]
        options = {"padding": True}
        if kind == "siglip":
            options = {"padding": "max_length", "max_length": 64}
        prompts = ["a red star", "a blue circle"]
        tokens = AutoTokenizer.from_pretrained(folder)(prompts, return_tensors="pt", **options)
        images = AutoImageProcessor.from_pretrained(folder)(
            images=PICTURES[:2], return_tensors="pt"
        )
        with torch.no_grad():
            logits = AutoModel.from_pretrained(folder).eval()(**tokens, **images).logits_per_image
        request = MetricRequest("preference", model=str(folder))
        scorer = registry.FINISHED["preference"].make(
            Setup(request, "cpu", registry.network(request, registry.metric_of(request)))
        )
        expected = logits.diagonal().tolist()
        assert scorer.scores(PICTURES[:2], prompts) == pytest.approx(expected, abs=1e-4)
