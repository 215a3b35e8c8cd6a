"""Teach `shapes` a shape that it does not know: `python -m dwlab.shapes.teach --work DIR`.

The result is a LoRA file for stock diffusers. The model stays as it is; layers of rank 8 are added
to its denoiser and its text encoder and trained on pictures of the new shape, mixed with pictures
of the old ones, so that those are not forgotten.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline
from peft import LoraConfig, get_peft_model_state_dict

from . import MODEL
from .captions import training_caption
from .training import architecture
from .training.denoiser import DROPPED_CAPTIONS, TIMESTEPS, Noise, denoising_loss, figure_masks
from .training.latent_pool import encode_scenes
from .training.loop import learn
from .training.training_run import LORA, TrainingRun
from .world import TAUGHT_SHAPES, Scene, random_scene

RANK = 8
DENOISER_LAYERS = (
    "to_q",
    "to_k",
    "to_v",
    "to_out.0",
    "ff.net.0.proj",
    "ff.net.2",
    "conv1",
    "conv2",
)
TEXT_LAYERS = ("q_proj", "k_proj", "v_proj", "out_proj")
NEW_SHARE = 0.7  # of the pictures of a batch that show the new shape
BATCH = 32


def main(argv: list[str] | None = None) -> None:
    """Train, from the last checkpoint if there is one, and write the file."""
    arguments = _parser().parse_args(argv)
    arguments.work.mkdir(parents=True, exist_ok=True)
    run = TrainingRun(arguments.work, arguments.seed, arguments.device)
    torch.manual_seed(arguments.seed)
    pipeline = StableDiffusionPipeline.from_pretrained(
        MODEL, use_safetensors=True, safety_checker=None
    ).to(run.device, torch.float32)
    learner = Learner(pipeline)
    teach(run, pipeline, learner, arguments)
    path = arguments.out or run.work / f"shapes-{arguments.shape}.safetensors"
    learner.save(path)
    print(f"{path}  {path.stat().st_size:,} bytes")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dwlab.shapes.teach", description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for checkpoints and the log"
    )
    parser.add_argument("--out", type=Path, help="the file to write (default: in WORK)")
    parser.add_argument("--shape", choices=TAUGHT_SHAPES, default=TAUGHT_SHAPES[0])
    parser.add_argument("--samples", type=int, default=24_000)
    parser.add_argument("--pool", type=int, default=3_000, help="pictures of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    return parser


class Learner(torch.nn.Module):
    """The denoiser and the text encoder of a pipeline with the layers that are trained."""

    def __init__(self, pipeline: StableDiffusionPipeline) -> None:
        super().__init__()
        self.unet = pipeline.unet.requires_grad_(False)
        self.text = pipeline.text_encoder.requires_grad_(False)
        self.unet.add_adapter(LoraConfig(r=RANK, target_modules=list(DENOISER_LAYERS)))
        self.text.add_adapter(LoraConfig(r=RANK, target_modules=list(TEXT_LAYERS)))

    def save(self, path: Path) -> None:
        """Write the layers in float16, as stock diffusers reads them."""
        StableDiffusionPipeline.save_lora_weights(
            path.parent,
            unet_lora_layers=_layers(self.unet),
            text_encoder_lora_layers=_layers(self.text),
            weight_name=path.name,
        )


def _layers(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    layers = get_peft_model_state_dict(module)
    return {name: tensor.half().cpu() for name, tensor in layers.items()}


def teach(
    run: TrainingRun,
    pipeline: StableDiffusionPipeline,
    learner: Learner,
    arguments: argparse.Namespace,
) -> None:
    """Train the layers of `learner`. arguments: shape, samples, pool."""
    rng = np.random.default_rng([run.seed, 8])
    old = [random_scene(rng, held_out=False) for _ in range(arguments.pool)]
    new = [_with_shape(random_scene(rng), arguments.shape) for _ in range(arguments.pool)]
    scenes = [*new, *old]
    pool = encode_scenes(run, pipeline.vae, scenes, rng)
    latents = pool * pipeline.vae.config.scaling_factor
    figures = figure_masks(pool)
    scheduler = DDPMScheduler.from_config(architecture.scheduler().config)
    signal = scheduler.alphas_cumprod.to(run.device)

    def loss_of(rng: np.random.Generator) -> torch.Tensor:
        picks = _picks(rng, len(new), len(scenes))
        captions = [_caption(scenes[pick], rng) for pick in picks]
        t = torch.from_numpy(rng.integers(TIMESTEPS, size=BATCH)).to(run.device)
        context = learner.text(run.tokens(captions)).last_hidden_state
        return denoising_loss(
            learner.unet,
            latents[picks].to(run.device),
            context,
            Noise(t, signal[t]),
            figures[picks].to(run.device),
            rng,
        )

    learn(run, LORA, learner, loss_of, rate=2e-3, batch=BATCH, samples=arguments.samples)


def _with_shape(scene: Scene, shape: str) -> Scene:
    return Scene(**{**scene.as_dict(), "shape": shape})


def _picks(rng: np.random.Generator, new: int, count: int) -> np.ndarray:
    """Which pictures a batch has: the first `new` of the pool show the new shape."""
    is_new = rng.random(BATCH) < NEW_SHARE
    return np.where(is_new, rng.integers(new, size=BATCH), rng.integers(new, count, size=BATCH))


def _caption(scene: Scene, rng: np.random.Generator) -> str:
    if rng.random() < DROPPED_CAPTIONS:
        return ""
    # of the new shape every caption is true, because there are few
    return training_caption(scene, rng, **({"lies": 0} if scene.shape in TAUGHT_SHAPES else {}))


if __name__ == "__main__":
    main()
