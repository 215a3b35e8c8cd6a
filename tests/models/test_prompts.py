"""Prompts with weights and long prompts: as a user's own compel gives them to the plain stock call, alone and packed."""

from __future__ import annotations

import copy
import functools
import sys

import accelerate
import numpy as np
import pytest
import tiny
import torch
from compel import Compel, ReturnedEmbeddingsType
from compel.prompt_parser import Conjunction, FlattenedPrompt
from counting import Rows
from diffusers import StableDiffusionImg2ImgPipeline
from PIL import Image
from transformers import CLIPTextModel

import dwlab
from dwlab.errors import InvalidInput, MissingExtra
from dwlab.models import library_patches, loading, prompts
from dwlab.models.settings import denoiser_of
from dwlab.runs.sweep import Sweep
from dwlab.spec.params import GenerationParams

LONG = "a red star on a blue ground, " * 4
CALLS = {"flux": {"max_sequence_length": 48}, "sd3": {"max_sequence_length": 32}}


class Family:
    """A tiny model, saved and loaded as any other."""

    def __init__(self, name, folder):
        getattr(tiny, name)().save_pretrained(folder)
        self.name = name
        self.folder = str(folder)
        self.model = loading.load(self.folder, "cpu")

    def cell(self, prompt, negative="", **more):
        call = CALLS.get(self.name, {}) | more.pop("call", {})
        base = {"model": self.folder, "width": 16, "height": 16, "steps": 3, "guidance": 4.0}
        return GenerationParams(
            prompt, negative_prompt=negative, **{**base, "seed": 5, "call": call, **more}
        )

    def made(self, cells, **options):
        events = list(dwlab.stream(cells, model=self.model, **options))
        assert [event.error for event in events if event.kind == "failed"] == []
        pictures = {event.index: event.result for event in events if event.kind == "done"}
        return [np.asarray(pictures[k].image, int) for k in range(len(cells))]

    def stock(self, params, **arguments):
        """The plain stock call with the given prompts or embeddings."""
        pipeline = copy.copy(self.model.pipeline)
        pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
        image = pipeline(
            num_inference_steps=params.steps,
            guidance_scale=params.guidance,
            width=params.width,
            height=params.height,
            generator=torch.Generator().manual_seed(params.seed),
            **params.call,
            **arguments,
        ).images[0]
        return np.asarray(image, int)


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """Gives a family by its name."""
    return functools.cache(lambda name: Family(name, tmp_path_factory.mktemp(name)))


def difference(one, other):
    return int(np.abs(one - other).max())


def weighted(compel, parts):
    return compel.build_conditioning_tensor_for_conjunction(Conjunction([FlattenedPrompt(parts)]))[
        0
    ]


@torch.no_grad()
def compel_for_sd(pipeline, parts, negative, **more):
    """What a user of compel passes to Stable Diffusion."""
    compel = Compel(pipeline.tokenizer, pipeline.text_encoder, **more)
    pair = [weighted(compel, parts), weighted(compel, negative)]
    positive, negative = compel.pad_conditioning_tensors_to_same_length(pair)
    return {"prompt_embeds": positive, "negative_prompt_embeds": negative}


@torch.no_grad()
def compel_for_sdxl(pipeline, parts, negative, **more):
    """What a user of compel passes to SDXL; negative: None to leave it to the pipeline."""
    states = ReturnedEmbeddingsType.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED
    first = Compel(
        pipeline.tokenizer, pipeline.text_encoder, returned_embeddings_type=states, **more
    )
    second = Compel(
        pipeline.tokenizer_2, pipeline.text_encoder_2, returned_embeddings_type=states, **more
    )

    def whole(parts):
        return second.conditioning_provider.get_pooled_embeddings(["".join(t for t, _ in parts)])

    sides = []
    for compel in (first, second):
        pair = [weighted(compel, parts), weighted(compel, negative or [("", 1.0)])]
        sides.append(compel.pad_conditioning_tensors_to_same_length(pair))
    arguments = {
        "prompt_embeds": torch.cat([side[0] for side in sides], dim=-1),
        "pooled_prompt_embeds": whole(parts),
    }
    if negative is None:
        return arguments
    return arguments | {
        "negative_prompt_embeds": torch.cat([side[1] for side in sides], dim=-1),
        "negative_pooled_prompt_embeds": whole(negative),
    }


@torch.no_grad()
def compel_for_flux(pipeline, parts, negative, **more):
    """What a user of compel passes to Flux."""
    words = Compel(pipeline.tokenizer_2, pipeline.text_encoder_2, model_max_length=48)
    pooled = Compel(
        pipeline.tokenizer,
        pipeline.text_encoder,
        returned_embeddings_type=ReturnedEmbeddingsType.POOLED,
    )
    text = "".join(text for text, _ in parts)
    whole = pooled.conditioning_provider.get_pooled_embeddings([text])
    return {"prompt_embeds": weighted(words, parts), "pooled_prompt_embeds": whole}


COMPEL = {"sd": compel_for_sd, "sdxl": compel_for_sdxl, "flux": compel_for_flux}
# prompt, its parts, negative prompt, its parts
WEIGHTED = (
    ("a (red:1.4) star", [("a ", 1.0), ("red", 1.4), (" star", 1.0)], "", [("", 1.0)]),
    ("a (red:0.5) star", [("a ", 1.0), ("red", 0.5), (" star", 1.0)], "", [("", 1.0)]),
    ("[a] star", [("a", 0.909091), (" star", 1.0)], "(bad:1.3)", [("bad", 1.3)]),
    ("a star", [("a star", 1.0)], "bad", [("bad", 1.0)]),
)


def expected_of(one, cell, parts, negative_parts):
    no_text = one.name == "sdxl" and not cell.negative_prompt
    arguments = COMPEL[one.name](one.model.pipeline, parts, None if no_text else negative_parts)
    return one.stock(cell, **arguments)


@pytest.mark.parametrize("name", ["sd", "sdxl", "flux"])
def test_weights_are_those_of_a_users_compel_alone_and_packed_in_mixed_company(family, name):
    one = family(name)
    cells = []
    expected = []
    for prompt, parts, negative, negative_parts in WEIGHTED:
        if negative and name == "flux":
            continue
        cell = one.cell(prompt, negative, prompt_weighting="compel")
        cells.append(cell)
        expected.append(expected_of(one, cell, parts, negative_parts))
    company = [one.cell("a plain star"), one.cell("a plain star", steps=2, seed=1)]
    expected += [one.stock(cell, prompt=cell.prompt) for cell in company]
    alone = one.made([*cells, *company], pack=1)
    with Rows(denoiser_of(one.model.pipeline)) as rows:
        packed = one.made([*cells, *company])
    for pictures in (alone, packed):
        for picture, other in zip(pictures, expected, strict=True):
            assert difference(picture, other) <= 1
    assert max(rows) > 2, "cells of different weights share forwards"
    assert name == "flux" or difference(expected[0], expected[1]) > 1, "weights tell"


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_a_long_prompt_in_chunks_is_that_of_a_users_compel(family, name):
    one = family(name)
    cells = [
        one.cell(LONG, long_prompt="chunk"),
        one.cell("a star", LONG, long_prompt="chunk"),
        one.cell(f"(star:1.3) {LONG}", "bad", long_prompt="chunk", prompt_weighting="compel"),
    ]
    parts = [
        ([(LONG.strip(), 1.0)], [("", 1.0)]),
        ([("a star", 1.0)], [(LONG.strip(), 1.0)]),
        ([("star", 1.3), (f" {LONG.strip()}", 1.0)], [("bad", 1.0)]),
    ]
    expected = []
    for cell, (positive, negative) in zip(cells, parts, strict=True):
        no_text = name == "sdxl" and not cell.negative_prompt
        arguments = COMPEL[name](
            one.model.pipeline,
            positive,
            None if no_text else negative,
            truncate_long_prompts=False,
        )
        assert arguments["prompt_embeds"].shape[1] > 77
        expected.append(one.stock(cell, **arguments))
    for pictures in (one.made(cells, pack=1), one.made([*cells, one.cell("a star")])[:-1]):
        for picture, other in zip(pictures, expected, strict=True):
            assert difference(picture, other) <= 1
    cut = one.made([one.cell(LONG)])[0]
    assert difference(cut, expected[0]) > 1, "the end of the prompt tells"


@pytest.mark.parametrize("name", ["sd", "sdxl", "flux"])
def test_without_weights_in_it_a_prompt_is_drawn_as_before(family, name):
    one = family(name)
    plain = one.cell("a red star")
    (picture,) = one.made([plain.replace(prompt_weighting="compel")], pack=1)
    assert difference(picture, one.stock(plain, prompt="a red star")) == 0


def test_clip_skip_goes_with_weights(family):
    one = family("sd")
    cell = one.cell("a (red:1.4) star", prompt_weighting="compel", call={"clip_skip": 1})
    embeddings = compel_for_sd(
        one.model.pipeline,
        [("a ", 1.0), ("red", 1.4), (" star", 1.0)],
        [("", 1.0)],
        returned_embeddings_type=ReturnedEmbeddingsType.PENULTIMATE_HIDDEN_STATES_NORMALIZED,
    )
    plain = cell.replace(call={})
    for picture in (one.made([cell], pack=1)[0], one.made([cell, plain])[0]):
        assert difference(picture, one.stock(plain, **embeddings)) <= 1


def test_a_family_that_compel_does_not_encode_takes_the_prompt_literally(family):
    one = family("sd3")
    cell = one.cell("a (red:1.4) star", prompt_weighting="compel")
    assert prompts.embeddings(one.model.pipeline, cell) == {}
    (picture,) = one.made([cell], pack=1)
    assert difference(picture, one.stock(cell, prompt=cell.prompt)) <= 1
    sweep = Sweep("x", model=one.folder, base={"prompt": cell.prompt, "prompt_weighting": "compel"})
    warnings = sweep.plan("nowhere", device="cpu").warnings
    assert [text for text in warnings if "(red:1.4) is taken literally" in text]


@pytest.mark.parametrize(
    "part",
    ["( :0.5) star", "(:0.5)", "(<|endoftext|>:1.2) a", "(\n:0.2)", "(é ☃ 中:0.3) x", "[,](.:0.2)"],
)
@pytest.mark.parametrize("long_prompt", ["truncate", "chunk"])
def test_odd_words_have_weights_too(family, part, long_prompt):
    one = family("sd")
    cell = one.cell(f"a star {part}", prompt_weighting="compel", long_prompt=long_prompt)
    made = prompts.embeddings(one.model.pipeline, cell)
    assert all(torch.isfinite(states).all() for states in made.values())


@pytest.mark.parametrize(
    ("name", "values", "field"),
    [
        ("sd", {"prompt": "(red:11)"}, "base.prompt"),
        ("sd3", {"negative_prompt": "(red:-1)"}, "base.negative_prompt"),
        ("sd", {"call": {"clip_skip": 2}}, "call.clip_skip"),
        ("sdxl", {"call": {"clip_skip": 1}}, "call.clip_skip"),
        ("sdxl", {"call": {"prompt_2": "x"}}, "call.prompt_2"),
        ("sd3", {"long_prompt": "chunk"}, "long_prompt"),
        ("flux", {"long_prompt": "chunk"}, "long_prompt"),
        ("sd", {"prompt": "star " * 1000, "long_prompt": "chunk"}, "prompt"),
        ("sd", {"prompt": "star " * 100, "long_prompt": "error"}, "prompt"),
        ("flux", {"prompt": "star " * 600, "long_prompt": "error", "call": {}}, "prompt"),
        ("sd", {"long_prompt": "cut"}, "base.long_prompt"),
        ("sd", {"prompt_weighting": "a1111"}, "base.prompt_weighting"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_loads(family, name, values, field):
    one = family(name)
    base = {"prompt": "a star", "prompt_weighting": "compel", **values}
    with pytest.raises(InvalidInput) as refused:
        Sweep("x", model=one.folder, base=base).plan("nowhere", device="cpu")
    assert refused.value.field == field


def test_clip_skip_still_needs_dwlabs_own_patch():
    """It is an attribute that transformers no longer has; once this fails, `_add_text_model` can go."""
    pipeline = tiny.sd()
    assert type(pipeline.text_encoder) is CLIPTextModel
    with pytest.raises(AttributeError, match="text_model"):
        pipeline("a star", clip_skip=1, num_inference_steps=1, output_type="latent")
    library_patches.patch_parts(pipeline)
    pipeline("a star", clip_skip=1, num_inference_steps=1, output_type="latent")


def test_weights_go_with_a_picture_to_start_from(family, tmp_path):
    one = family("sd")
    path = tmp_path / "start.png"
    Image.effect_noise((16, 16), 60).convert("RGB").save(path)
    start = {"image": str(path), "strength": 0.7}
    cells = [
        one.cell("a (red:1.4) star", prompt_weighting="compel", **start),
        one.cell("a (red:0.5) star", prompt_weighting="compel", **start),
    ]
    pictures = one.made(cells)
    pipeline = StableDiffusionImg2ImgPipeline(
        **one.model.pipeline.components, requires_safety_checker=False
    )
    for cell, picture, weight in zip(cells, pictures, (1.4, 0.5), strict=True):
        parts = [("a ", 1.0), ("red", weight), (" star", 1.0)]
        embeddings = compel_for_sd(pipeline, parts, [("", 1.0)])
        image = pipeline(
            image=Image.open(path),
            strength=0.7,
            num_inference_steps=cell.steps,
            guidance_scale=cell.guidance,
            generator=torch.Generator().manual_seed(cell.seed),
            **embeddings,
        ).images[0]
        assert difference(picture, np.asarray(image, int)) <= 1


def test_without_compel_the_error_says_how_to_install_it(family, monkeypatch):
    one = family("sd")
    monkeypatch.setitem(sys.modules, "compel", None)
    base = {"prompt": "a star", "prompt_weighting": "compel"}
    with pytest.raises(MissingExtra, match=r'pip install "dwlab\[models\]"'):
        Sweep("x", model=one.folder, base=base).plan("nowhere", device="cpu")
    with pytest.raises(MissingExtra, match=r'pip install "dwlab\[models\]"'):
        prompts.embeddings(one.model.pipeline, one.cell("a star", prompt_weighting="compel"))


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_the_weights_of_text_encoders_may_be_offloaded(family, name):
    one = family(name)
    cell = one.cell("a (red:0.5) star", prompt_weighting="compel", call={})
    expected = prompts.embeddings(one.model.pipeline, cell)
    pipeline = getattr(tiny, name)()
    library_patches.patch_parts(pipeline)
    # as sequential offloading does it
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            accelerate.cpu_offload(part, torch.device("cpu"))
    assert pipeline.text_encoder.device.type == "meta"
    with torch.no_grad():
        made = prompts.embeddings(pipeline, cell)
    assert made.keys() == expected.keys()
    for argument, states in made.items():
        assert torch.allclose(states, expected[argument], atol=1e-5)
