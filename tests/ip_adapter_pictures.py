"""Tiny models with IP-Adapters, and what plain stock calls make of them."""

from __future__ import annotations

import diffusers
import tiny
import tiny_ip_adapters
import tiny_loras
import torch
from start_pictures import noise_picture

from dwlab.spec.params import GenerationParams

FACE, STYLE, OTHER = noise_picture(30), noise_picture(31, (24, 16)), noise_picture(32)
TASKS = {
    ("sd", "text"): diffusers.StableDiffusionPipeline,
    ("sd", "image"): diffusers.StableDiffusionImg2ImgPipeline,
    ("sd", "inpainting"): diffusers.StableDiffusionInpaintPipeline,
    ("sdxl", "text"): diffusers.StableDiffusionXLPipeline,
    ("sdxl", "image"): diffusers.StableDiffusionXLImg2ImgPipeline,
    ("sdxl", "inpainting"): diffusers.StableDiffusionXLInpaintPipeline,
}


class AdaptedFamily:
    """A tiny model in a folder with IP-Adapters, a LoRA and a ControlNet, and what stock makes of them."""

    def __init__(self, name, folder):
        pipeline = getattr(tiny, name)()
        pipeline.save_pretrained(folder / "model")
        self.name, self.folder = name, str(folder / "model")
        tiny_ip_adapters.image_encoder().save_pretrained(folder / "models/image_encoder")
        self.plain, self.plus = (
            tiny_ip_adapters.write(
                folder / f"models/{make.__name__}.safetensors", make(pipeline.unet)
            )
            for make in (tiny_ip_adapters.plain, tiny_ip_adapters.plus)
        )
        torch.manual_seed(3)
        net = diffusers.ControlNetModel.from_unet(
            pipeline.unet, conditioning_embedding_out_channels=(16, 32)
        )
        for parameter in net.controlnet_mid_block.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        net.save_pretrained(folder / "net")
        self.net = str(folder / "net")
        layers = tiny_loras.layers(pipeline, text=False)
        self.lora = str(tiny_loras.write(folder / "ink.safetensors", layers))
        self.base = {"model": self.folder, "width": 16, "height": 16, "steps": 3}

    def cell(self, seed=0, **values):
        return GenerationParams("a red circle", seed=seed, **self.base | values)

    def one(self, image=FACE, scale=0.7, file=None):
        return {"file": file or self.plain, "image": image, "scale": scale}

    def mixed(self, **values):
        """Cells of several adapters, pictures, scales and guidances, with some that have none."""
        adapters = (
            [],
            [self.one()],
            [self.one(STYLE)],
            [self.one(scale=0.3)],
            [self.one([STYLE, OTHER])],
            [self.one(file=self.plus)],
            [self.one(OTHER), self.one(STYLE, 0.4, self.plus)],
        )
        return [
            self.cell(
                seed, ip_adapter=chosen, guidance=4.0 if seed % 3 else 1.0, steps=3 + seed % 2
            ).replace(**values)
            for seed, chosen in enumerate(adapters)
        ]

    def stock(self, params, task="text", model=None):
        """What a user would write."""
        pipeline = TASKS[self.name, task].from_pretrained(model or self.folder)
        pipeline.set_progress_bar_config(disable=True)
        given = {}
        if params.ip_adapter:
            root, _, _ = self.plain.rpartition("/models/")
            names = [adapter.file.rpartition("/")[2] for adapter in params.ip_adapter]
            pipeline.load_ip_adapter(root, subfolder="models", weight_name=names)
            pipeline.set_ip_adapter_scale([adapter.scale for adapter in params.ip_adapter])
            given["ip_adapter_image"] = [
                [picture.picture for picture in adapter.image] for adapter in params.ip_adapter
            ]
        if params.loras:
            pipeline.load_lora_weights(self.lora)
        if params.control:
            net = diffusers.ControlNetModel.from_pretrained(self.net)
            cls = "StableDiffusion{}ControlNetPipeline".format("XL" if self.name == "sdxl" else "")
            pipeline = getattr(diffusers, cls).from_pipe(pipeline, controlnet=net)
            pipeline.set_progress_bar_config(disable=True)
            given["image"] = params.control[0].image.picture
        if task != "text":
            given |= {"image": params.image.picture, "strength": params.strength}
        if task == "inpainting":
            given["mask_image"] = params.mask.picture
        return pipeline(
            prompt=params.prompt, num_inference_steps=params.steps, guidance_scale=params.guidance,
            width=16, height=16, generator=torch.Generator().manual_seed(params.seed), **given,
        ).images[0]  # fmt: skip
