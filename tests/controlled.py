"""Tiny models with ControlNets of every class, and what plain stock calls make of them."""

from __future__ import annotations

import functools
import inspect

import diffusers
import tiny
import tiny_families
import tiny_nets
import torch
from side_by_side import Drawn, fresh
from start_pictures import half_mask, noise_picture

from dwlab.models import loading
from dwlab.spec import control_kinds
from dwlab.spec.params import GenerationParams

SHORT = {"max_sequence_length": 32}
UNBINNED = {"use_resolution_binning": False}


class Kind:
    """How the nets of a class are tried: the model, the net, its side, arguments of the call, and modes of the net."""

    def __init__(self, model, net, net_class, side=16, call=None, modes=False):
        self.model, self.net, self.net_class = model, net, net_class
        self.side, self.call, self.modes = side, call or {}, modes


KINDS = {
    "sd": Kind(tiny.sd, tiny_nets.for_unet, "ControlNetModel"),
    "sdxl": Kind(tiny.sdxl, tiny_nets.for_unet, "ControlNetModel"),
    "sdxl union": Kind(tiny.sdxl, tiny_nets.union_for_unet, "ControlNetUnionModel", modes=True),
    "sd3": Kind(tiny_nets.sd3_of_two_blocks, tiny_nets.for_sd3, "SD3ControlNetModel", call=SHORT),
    "flux": Kind(tiny.flux, tiny_nets.for_flux, "FluxControlNetModel", call=SHORT),
    "flux union": Kind(
        tiny.flux, tiny_nets.union_for_flux, "FluxControlNetModel", call=SHORT, modes=True
    ),
    "qwen": Kind(tiny_families.qwen_image, tiny_nets.for_qwen, "QwenImageControlNetModel"),
    "hunyuandit": Kind(
        tiny_nets.hunyuandit_of_four_blocks, tiny_nets.for_hunyuandit, "HunyuanDiT2DControlNetModel",
        call=UNBINNED,
    ),
    "sana": Kind(
        tiny_families.sana, tiny_nets.for_sana, "SanaControlNetModel", 32,
        UNBINNED | {"complex_human_instruction": None},
    ),
}  # fmt: skip
GUIDANCE = {"qwen": "true_cfg_scale"}
# steps, guidance, scale, start, end and nets of each picture
SETTINGS = (
    (3, 1.0, 1.0, 0.0, 1.0, (1,)), (4, 4.0, 0.4, 0.0, 0.5, (1,)), (4, 4.0, 0.7, 0.4, 1.0, (1,)),
    (3, 4.0, 0.6, 0.0, 1.0, (1, 2)), (4, 2.0, 0.9, 0.0, 0.6, (1, 2)),
)  # fmt: skip


class Controlled(Drawn):
    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.kind = KINDS[name]
        pipeline = self.kind.model()
        self.table = control_kinds.of(self.kind.net_class, type(pipeline).__name__)
        pipeline.save_pretrained(folder / "model")
        for seed in (1, 2):
            self.kind.net(pipeline, seed).save_pretrained(folder / f"net{seed}")
        self.model = loading.load(str(folder / "model"), "cpu")

    def control(self, *nets, scale=1.0, start=0.0, end=1.0):
        is_one = self.table.several == "one net"
        controls = []
        for number, net in enumerate(nets):
            size = (self.kind.side, self.kind.side)
            control = {
                "model": str(self.folder / f"net{1 if is_one else net}"),
                "image": noise_picture(10 + net, size), "scale": scale,
            }  # fmt: skip
            if self.table.has_span:
                control |= {"start": start, "end": end}
            if self.kind.modes:
                control["mode"] = 3 - number
            controls.append(control)
        return controls

    def cells(self, task):
        side = self.kind.side
        base = {"model": self.model.identity.name, "width": side, "height": side}
        base["call"] = self.kind.call
        if task != "text":
            base |= {"image": noise_picture(0), "strength": 0.8}
        if task == "inpainting":
            base["mask"] = half_mask(0)
        cells = []
        for seed, settings in enumerate(SETTINGS):
            steps, guidance, scale, start, end, nets = settings
            if self.table.several == "one":
                nets = nets[:1]
            control = self.control(*nets, scale=scale, start=start, end=end)
            cells.append(
                GenerationParams(
                    "a red circle",
                    seed=seed,
                    steps=steps,
                    guidance=guidance,
                    control=control,
                    **base,
                )
            )
        return cells

    @functools.cache  # noqa: B019  # as long as the model
    def pipeline(self, task, folders):
        """What a person makes of the model and the nets in some folders."""
        cls = getattr(diffusers, self.table.pipelines[task])
        nets = [
            getattr(diffusers, self.kind.net_class).from_pretrained(folder) for folder in folders
        ]
        known = inspect.signature(cls.__init__).parameters
        parts = {k: v for k, v in self.model.pipeline.components.items() if k in known}
        options = {"requires_safety_checker": False} if "requires_safety_checker" in known else {}
        return cls(**parts, controlnet=nets if len(nets) > 1 else nets[0], **options)

    def stock(self, params):
        task = "text" if params.image is None else "image"
        if params.mask is not None:
            task = "inpainting"
        folders = [control.model for control in params.control]
        if self.table.several == "one net":
            folders = folders[:1]
        pipeline = fresh(self.pipeline(task, tuple(folders)))
        known = inspect.signature(type(pipeline).__call__).parameters
        picture = "control_image" if "control_image" in known else "image"
        given = {
            picture: [each.image.picture for each in params.control],
            "controlnet_conditioning_scale": [each.scale for each in params.control],
        }
        if self.table.has_span:
            given["control_guidance_start"] = [each.start for each in params.control]
            given["control_guidance_end"] = [each.end for each in params.control]
        # several nets for FLUX.1 fail without it beside a picture
        if self.kind.modes or (self.name == "flux" and task != "text"):
            given["control_mode"] = [each.mode for each in params.control]
        if len(params.control) == 1:
            given = {name: value[0] for name, value in given.items()}
        if task != "text":
            given |= {"image": params.image.picture, "strength": params.strength}
        if task == "inpainting":
            given["mask_image"] = params.mask.picture
        given[GUIDANCE.get(self.name, "guidance_scale")] = params.guidance
        if self.table.draws_unseeded:
            torch.manual_seed(params.seed)  # it draws with torch's own generator, too
        return pipeline(
            prompt=params.prompt, num_inference_steps=params.steps, width=params.width, height=params.height,
            generator=torch.Generator().manual_seed(params.seed), **given, **params.call,
        ).images[0]  # fmt: skip
