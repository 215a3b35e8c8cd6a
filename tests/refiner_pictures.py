"""A tiny SDXL with a refiner, and what the two stock calls of diffusers' documentation make of them."""

from __future__ import annotations

import diffusers
import torch

from dwlab.spec.params import GenerationParams


class TwoStages:
    """The two stock calls of diffusers' documentation."""

    def __init__(self, folder):
        self.folder = folder
        self.refiner = self._loaded(diffusers.StableDiffusionXLImg2ImgPipeline, "refiner")

    def _loaded(self, cls, name):
        pipeline = cls.from_pretrained(self.folder / name)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def cell(self, seed=0, start=0.6, **values):
        refiner = {"model": str(self.folder / "refiner"), "from": start}
        base = {
            "model": str(self.folder / "base"), "width": 16, "height": 16, "steps": 5, "refiner": refiner,
        }  # fmt: skip
        return GenerationParams("a red circle", seed=seed, **base | values)

    def stock(self, params, **first):
        kind = "Img2Img" if params.image is not None else ""
        base = self._loaded(getattr(diffusers, f"StableDiffusionXL{kind}Pipeline"), "base")
        for lora in params.loras:
            base.load_lora_weights(lora.file)
        if params.image is not None:
            first |= {"image": params.image.picture, "strength": params.strength}
        else:
            first |= {"width": 16, "height": 16}
        own = {**params.call}
        scores = {name: own.pop(name) for name in [*own] if "aesthetic" in name}
        words = {
            "prompt": params.prompt, "num_inference_steps": params.steps,
            "guidance_scale": params.guidance, **own,
        }  # fmt: skip
        if params.negative_prompt:
            words["negative_prompt"] = params.negative_prompt
        cls = getattr(diffusers, params.scheduler) if params.scheduler else type(base.scheduler)
        for pipeline in (base, self.refiner):
            pipeline.scheduler = cls.from_config(pipeline.scheduler.config)
        generator = torch.Generator().manual_seed(params.seed)
        (refiner,) = params.refiner
        latents = base(
            generator=generator, output_type="latent", denoising_end=refiner.start, **words, **first
        ).images
        return self.refiner(
            image=latents, denoising_start=refiner.start, generator=generator, **words, **scores
        ).images[0]
