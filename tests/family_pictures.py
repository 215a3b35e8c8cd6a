"""Tiny models of every family that is tested, saved and loaded as any other, with their pictures by stock calls."""

from __future__ import annotations

import functools
import json

import pytest
import tiny
import tiny_families
import tiny_one_by_one
import tiny_rare
import torch
from side_by_side import Drawn, fresh
from start_pictures import difference  # for those who use the families

import dwlab
from dwlab.models import loading
from dwlab.render import projection
from dwlab.spec.params import GenerationParams

PACKED = (
    "sd", "sdxl", "lcm", "sd3", "flux", "auraflow", "chroma", "cogview3plus", "cogview4", "klein", "hunyuandit", "lumina2",
    "flux_kontext", "ovis", "pixart", "pixart_alpha", "qwen_image", "sana", "z_image",
)  # fmt: skip
PAG = ("sd_pag", "sdxl_pag")
ONE_BY_ONE = (
    "deepfloyd", "flux2", "glm_image", "hidream", "hunyuan_image", "hunyuandit_pag", "ideogram4", "kandinsky21",
    "kandinsky22", "kandinsky3", "kolors", "kolors_pag", "krea2", "lumina_next", "pixart_pag", "prx", "sana_pag",
    "sana_sprint", "sd3_pag", "stable_cascade", "wuerstchen", "z_image_omni",
)  # fmt: skip
# These stand for the others where these are long cases: U-Nets, transformers of each kind, perturbed attention, a
# prior with its decoder, pixels without a decoder, other arguments that are guidance.
REPRESENTATIVES = (
    "sd", "sdxl", "sd3", "flux", "klein", "qwen_image", "z_image", "sd_pag", "deepfloyd", "kandinsky22", "krea2",
    "stable_cascade",
)  # fmt: skip
NEEDING_TORCHVISION = ("nucleus", "omnigen", "qwen_image_21")  # which few have
NO_NEGATIVE = (
    "lcm",
    "klein",
    "flux2",
    "glm_image",
    "ideogram4",
    "omnigen",
    "sana_sprint",
)  # whose calls take none
OMITTED = ("sdxl", "sdxl_pag", "cogview3plus", "qwen_image")  # to which none is not an empty one
GUIDANCE = {
    "qwen_image": "true_cfg_scale",
    "hunyuan_image": "distilled_guidance_scale",
    "stable_cascade": "prior_guidance_scale",
    "wuerstchen": "prior_guidance_scale",
    "qwen_image_21": "true_cfg_scale",
}  # other arguments that are guidance
SIDES = {
    "sana": 32,
    "sana_pag": 32,
    "sana_sprint": 32,
    "lumina2": 32,
    "lumina_next": 32,
    "stable_cascade": 128,
    "wuerstchen": 128,
    "glm_image": 64,
    "qwen_image_21": 32,
    "omnigen": 32,
}
CALLS = {
    "hunyuandit": {"use_resolution_binning": False}, "pixart": {"use_resolution_binning": False}, "pixart_alpha": {"use_resolution_binning": False},
    "sana": {"use_resolution_binning": False, "complex_human_instruction": None},
    "sd3": {"max_sequence_length": 32}, "flux": {"max_sequence_length": 32}, "klein": {"max_sequence_length": 128},
}  # fmt: skip
CALLS |= {
    "flux2": {"max_sequence_length": 128}, "flux_kontext": CALLS["flux"],
    "hidream": {"max_sequence_length": 32}, "hunyuandit_pag": CALLS["hunyuandit"], "pixart_pag": CALLS["pixart"],
    "krea2": {"max_sequence_length": 64}, "sana_pag": CALLS["sana"], "sana_sprint": CALLS["sana"] | {"intermediate_timesteps": None},
    "sd3_pag": CALLS["sd3"], "stable_cascade": {"prior_num_inference_steps": 2},
    "kandinsky22": {"prior_num_inference_steps": 2}, "kandinsky21": {"prior_num_inference_steps": 2},
    "kandinsky22_nine": {"prior_num_inference_steps": 2}, "kandinsky21_nine": {"prior_num_inference_steps": 2},
    "wuerstchen": {"prior_num_inference_steps": 2}, "ideogram4": {"max_sequence_length": 64},
    "prx": {"use_resolution_binning": False},
}  # fmt: skip
# prompt, seed, steps, guidance, negative prompt
MIXED = (
    ("a red circle", 0, 2, 1.0, ""), ("a red circle", 7, 3, 4.0, ""), ("a small blue square", 0, 3, 4.0, "blurry"),
    ("a small blue square", 7, 2, 1.0, ""), ("a small blue square", 1, 2, 4.0, ""), ("a red circle", 2, 3, 7.0, "blurry"),
)  # fmt: skip
FEW = (MIXED[1], MIXED[2], MIXED[4])


class Family(Drawn):
    """A tiny model, saved and loaded as any other, with its cells and what the plain stock call makes of them."""

    def __init__(self, name, folder):
        built(name).save_pretrained(folder)
        if name in HUB_FORMS:
            HUB_FORMS[name](folder)
        self.name, self.model = name, loading.load(str(folder), "cpu")
        side = SIDES.get(name, 16)
        base = {"model": str(folder), "width": side, "height": side, "call": CALLS.get(name, {})}
        self.cells = [
            GenerationParams(
                prompt, seed=seed, steps=steps, guidance=guidance, negative_prompt=negative, **base
            )
            for prompt, seed, steps, guidance, negative in _recipes(name)
        ]

    def stock(self, params, **more):
        """The plain stock call: nothing that was not asked for."""
        pipeline = fresh(self.model.pipeline)
        asked = {"negative_prompt": params.negative_prompt} if params.negative_prompt else {}
        asked[GUIDANCE.get(self.name, "guidance_scale")] = params.guidance
        if self.name == "ideogram4":  # its call takes a guidance or a schedule of them
            asked["guidance_schedule"] = None
        if self.name == "flux_kontext":  # otherwise a megapixel
            asked["max_area"] = params.width * params.height
        return pipeline(
            prompt=params.prompt, num_inference_steps=params.steps, width=params.width,
            height=params.height, generator=torch.Generator().manual_seed(params.seed), **asked, **params.call, **more,
        ).images[0]  # fmt: skip

    @functools.cached_property
    def stock_pictures(self):
        return [self.stock(params) for params in self.cells]


def _name_module(module, *parts):
    """A function that names the module of diffusers that these parts are in, as repositories on the hub do."""

    def rename(folder):
        index = folder / "model_index.json"
        entries = json.loads(index.read_text())
        entries |= {part: [module, entries[part][1]] for part in parts}
        index.write_text(json.dumps(entries))

    return rename


def _prx_form(folder):
    _name_module("prx", "text_encoder")(folder)
    tiny_rare.t5gemma_config().save_pretrained(folder / "text_encoder")


HUB_FORMS = {
    "stable_cascade": _name_module("wuerstchen", "vqgan"),
    "wuerstchen": _name_module("wuerstchen", "vqgan", "decoder", "prior_prior"),
    "prx": _prx_form,
}


def built(name):
    """A new tiny pipeline of a family."""
    modules = (tiny_rare, tiny_one_by_one, tiny_families, tiny)
    return next(getattr(module, name) for module in modules if hasattr(module, name))()


def marked(names):
    """The names as parameters of a test; all but the representatives are long cases."""
    return [
        pytest.param(name, marks=() if name in REPRESENTATIVES else pytest.mark.slow)
        for name in names
    ]


def _recipes(name):
    recipes = MIXED if name in PACKED or name in PAG else FEW
    return [recipe for recipe in recipes if not (recipe[-1] and name in NO_NEGATIVE)]


STEPS = 8  # of a picture that is left


def check_rough_pictures_of_one_that_is_left(family, monkeypatch):
    """Draw a picture that is left after a few steps, beside another one that must come out right."""
    cells = [family.cells[1].replace(steps=STEPS), family.cells[0]]
    check_left_beside(family.model, cells, family.stock_pictures[0], monkeypatch)


def check_left_beside(model, cells, expected, monkeypatch):
    """Leave the first of two cells after a few steps; the second one must look as expected."""
    # two drawings are enough to see that there is a projection
    monkeypatch.setattr(projection, "PICTURES", 2)
    asked = []

    def is_dropped(index):
        asked.append(index)
        return index == 0 and asked.count(0) > 3

    steps = []
    for event in dwlab.stream(cells, model=model, dropped=is_dropped):
        if event.kind == "step" and event.index == 0:
            rough = event.preview()
            assert rough is not None and rough.width == rough.height
            steps.append(event.step)
        elif event.kind == "done":
            assert event.index == 1
            assert difference(event.result.image, expected) <= 1
    assert steps and max(steps) < STEPS
