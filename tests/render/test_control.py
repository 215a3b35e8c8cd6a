"""ControlNets: with scales, parts of the steps and several nets, a picture is that of the plain stock call."""

from __future__ import annotations

import copy
import functools
import json

import diffusers
import pytest
import tiny
import torch
from counting import Rows
from start_pictures import difference, half_mask, noise_picture

import dwlab
from dwlab.analysis.axes import swept
from dwlab.errors import InvalidInput
from dwlab.models import loading
from dwlab.models.settings import denoiser_of
from dwlab.pictures import recipes
from dwlab.runs.sweep import Sweep
from dwlab.spec.params import GenerationParams
from dwlab.store.integrity import verify

CLASSES = {
    ("sd", "text"): diffusers.StableDiffusionControlNetPipeline,
    ("sd", "image"): diffusers.StableDiffusionControlNetImg2ImgPipeline,
    ("sd", "inpainting"): diffusers.StableDiffusionControlNetInpaintPipeline,
    ("sdxl", "text"): diffusers.StableDiffusionXLControlNetPipeline,
    ("sdxl", "image"): diffusers.StableDiffusionXLControlNetImg2ImgPipeline,
    ("sdxl", "inpainting"): diffusers.StableDiffusionXLControlNetInpaintPipeline,
}


def net_for(pipeline, seed):
    """A ControlNet whose layers do something; as they start, all of them give zero."""
    net = diffusers.ControlNetModel.from_unet(
        pipeline.unet, conditioning_embedding_out_channels=(16, 32)
    )
    torch.manual_seed(seed)
    for name, parameter in net.named_parameters():
        if "controlnet" in name and parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return net.eval()


class Controlled:
    def __init__(self, name, folder):
        pipeline = getattr(tiny, name)()
        pipeline.save_pretrained(folder / "model")
        for seed in (1, 2):
            net_for(pipeline, seed).save_pretrained(folder / f"net{seed}")
        self.name, self.folder = name, folder
        self.model = loading.load(str(folder / "model"), "cpu")

    def control(self, *nets, scale=1.0, start=0.0, end=1.0):
        return [
            {
                "model": str(self.folder / f"net{net}"), "image": noise_picture(10 + net),
                "scale": scale, "start": start, "end": end,
            }
            for net in nets
        ]  # fmt: skip

    def cells(self, task):
        pictures = {}
        if task != "text":
            pictures = {"image": noise_picture(0), "strength": 0.8}
        if task == "inpainting":
            pictures["mask"] = half_mask(0)
        base = {"model": self.model.identity.name, "width": 16, "height": 16, **pictures}
        settings = (
            (0, 3, 1.0, self.control(1)),
            (1, 4, 4.0, self.control(1, scale=0.4)),
            (2, 3, 4.0, self.control(1, scale=1.5, end=0.5)),
            (3, 4, 4.0, self.control(1, scale=0.7, start=0.4)),
            (4, 3, 4.0, self.control(1, 2, scale=0.6)),
            (5, 4, 2.0, self.control(1, 2, scale=0.9, end=0.6)),
        )
        return [
            GenerationParams(
                "a red circle", seed=seed, steps=steps, guidance=guidance, control=control, **base
            )
            for seed, steps, guidance, control in settings
        ]

    def stock(self, params, task):
        parts = self.model.pipeline.components
        nets = [diffusers.ControlNetModel.from_pretrained(each.model) for each in params.control]
        cls = CLASSES[self.name, task]
        options = {"requires_safety_checker": False} if self.name == "sd" else {}
        pipeline = cls(**parts, controlnet=nets if len(nets) > 1 else nets[0], **options)
        pipeline.scheduler = copy.deepcopy(pipeline.scheduler)
        pipeline.set_progress_bar_config(disable=True)
        seen = [each.image.picture for each in params.control]
        given = {
            "image" if task == "text" else "control_image": seen,
            "controlnet_conditioning_scale": [each.scale for each in params.control],
            "control_guidance_start": [each.start for each in params.control],
            "control_guidance_end": [each.end for each in params.control],
        }
        if len(nets) == 1:
            given = {name: value[0] for name, value in given.items()}
        if task != "text":
            given |= {"image": params.image.picture, "strength": params.strength}
        if task == "inpainting":
            given["mask_image"] = params.mask.picture
        return pipeline(
            prompt=params.prompt, num_inference_steps=params.steps, guidance_scale=params.guidance,
            width=16, height=16, generator=torch.Generator().manual_seed(params.seed), **given,
        ).images[0]  # fmt: skip

    def made(self, cells, **options):
        events = list(dwlab.stream(cells, model=self.model, **options))
        assert [event.error for event in events if event.kind == "failed"] == []
        pictures = {event.index: event.result for event in events if event.kind == "done"}
        return [pictures[k] for k in range(len(cells))]


@pytest.fixture(scope="module")
def controlled(tmp_path_factory):
    return functools.cache(lambda name: Controlled(name, tmp_path_factory.mktemp(name)))


@pytest.mark.parametrize(("name", "task"), CLASSES)
def test_alone_and_packed_a_picture_is_that_of_the_plain_stock_call(controlled, name, task):
    one = controlled(name)
    cells = one.cells(task)
    expected = [one.stock(params, task) for params in cells]
    for picture, stock in zip(one.made(cells, pack=1), expected, strict=True):
        assert difference(picture.image, stock) <= 1
    with Rows(denoiser_of(one.model.pipeline)) as rows:
        packed = one.made(cells)
    assert max(rows) > 2
    for picture, stock in zip(packed, expected, strict=True):
        assert difference(picture.image, stock) <= 1
    assert len({picture.tobytes() for picture in expected}) == len(cells)


def test_the_scale_of_a_net_is_an_axis_and_rows_say_what_was_seen(controlled, tmp_path):
    one = controlled("sd")
    base = {"prompt": "a star", "steps": 2, "width": 16, "height": 16, "control": one.control(1)}
    base["control"][0]["image"] = str(tmp_path / "edges.png")
    noise_picture(3).save(tmp_path / "edges.png")
    sweep = Sweep(
        "scales", model=one.model.identity.name, base=base, axes={"control.scale": [0.2, 1.0]}
    )
    table = sweep.run(tmp_path / "results", device="cpu")
    assert list(table["status"]) == ["ok", "ok"] and table["pixels"].nunique() == 2
    assert sweep.plan(tmp_path / "results", device="cpu").todo == 0
    (control,) = json.loads(table["control"][0])
    assert control["scale"] == 0.2
    digest = control["image"].removeprefix("sha256:")
    assert (tmp_path / "results/inputs" / f"{digest}.png").is_file()
    png = (tmp_path / "results" / table["image"][0]).read_bytes()
    assert str(tmp_path).encode() not in png and control["weights"].encode() in png
    assert recipes.read(png).fit("shapes")[0].control == ()
    again = GenerationParams("a star", control=[control])
    assert again.control[0].scale == 0.2
    (axis,) = swept(table)
    assert (axis.name, axis.values) == ("control.scale", [0.2, 1.0])
    report = verify(tmp_path / "results")
    assert report.good and report.pictures == 3


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ([{"model": "nowhere", "image": noise_picture(0)}], "a folder with a ControlNetModel"),
        ([{"model": "nowhere"}], r"control\[0\].image"),
        ([{"model": "x", "image": noise_picture(0), "scale": 11}], r"control\[0\].scale.*0 to 10"),
        ([{"model": "x", "image": noise_picture(0), "start": 0.9, "end": 0.5}], "less than end"),
        ([{"model": "x", "image": noise_picture(0), "weight": 1}], r"control\[0\].weight"),
        (3, "a list like"),
    ],
)
def test_what_cannot_be_is_refused_before_a_model_loads(control, message, tmp_path):
    with pytest.raises(InvalidInput, match=message):
        Sweep("x", base={"prompt": "a star", "control": control}).plan(tmp_path, device="cpu")


def test_a_family_without_controlnets_says_so(controlled, tmp_path):
    tiny.sd3().save_pretrained(tmp_path / "sd3")
    base = {"prompt": "a", "model": str(tmp_path / "sd3"), "control": controlled("sd").control(1)}
    with pytest.raises(InvalidInput, match="these take ControlNets"):
        Sweep("x", base=base).plan(tmp_path, device="cpu")
