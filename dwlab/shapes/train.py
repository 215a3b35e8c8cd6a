"""Train `shapes` from scratch: `python -m dwlab.shapes.train --work DIR`, resumable stage by stage.

Stages: `vae` (an autoencoder on crops of renderings), `text` (captions against what they say),
`pool` (renderings encoded once), `unet` (v-prediction on the pool, fresh captions each step; it
leaves `checkpoint-STEP/unet` in DIR, which a sweep can compare), `export` (a stock diffusers folder)
and `clip` (a small CLIP of this world beside it).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from diffusers import StableDiffusionPipeline

from . import MODEL
from .training import architecture
from .training.clip import train_clip
from .training.denoiser import forget_words, last_average, train_denoiser
from .training.export import save_clip, save_pipeline
from .training.latent_pool import make_pool
from .training.text_encoder import train_text_encoder
from .training.training_run import STAGES, TrainingRun
from .training.vae import train_vae

if TYPE_CHECKING:
    from collections.abc import Iterator


def main(argv: list[str] | None = None) -> None:
    """Run the stages up to `--until`; finished ones are read from their checkpoints."""
    arguments = _parser().parse_args(argv)
    arguments.work.mkdir(parents=True, exist_ok=True)
    run = TrainingRun(arguments.work, arguments.seed, arguments.device)
    torch.manual_seed(arguments.seed)
    for stage in run_stages(run, arguments):
        if stage == arguments.until:
            return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dwlab.shapes.train", description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for checkpoints and the log"
    )
    parser.add_argument(
        "--out", type=Path, help="folder that receives the model (default: WORK/model)"
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="FOLDER",
        help="train the denoiser of this model folder further; `shapes` is the shipped one",
    )
    parser.add_argument(
        "--forget-words",
        action="store_true",
        help="with --start: the denoiser's layers that read captions begin anew",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--vae-samples", type=int, default=120_000)
    parser.add_argument("--text-samples", type=int, default=100_000)
    parser.add_argument("--pool", type=int, default=30_000)
    parser.add_argument("--unet-samples", type=int, default=700_000)
    parser.add_argument("--batch", type=int, default=64, help="of the denoiser's samples")
    parser.add_argument(
        "--checkpoints",
        type=int,
        default=3,
        metavar="N",
        help="leave N checkpoints of the denoiser, 13 MB each",
    )
    parser.add_argument("--clip-samples", type=int, default=230_000)
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="last stage to run")
    parser.add_argument(
        "--export-now",
        action="store_true",
        help="export the last checkpoint without further training",
    )
    return parser


def run_stages(run: TrainingRun, arguments: argparse.Namespace) -> Iterator[str]:
    """Run one stage after the other; yields the name of each when it is done."""
    start = _start(run, arguments.start) if arguments.start else None
    autoencoder = start.vae if start else train_vae(run, arguments.vae_samples)
    yield "vae"
    text = start.text_encoder if start else train_text_encoder(run, arguments.text_samples)
    yield "text"
    pool = make_pool(run, autoencoder, arguments.pool)
    # latents of unit variance
    scale = autoencoder.config.scaling_factor if start else 1 / pool.latents.std().item()
    yield "pool"
    if arguments.export_now:
        unet, samples = last_average(run)
        run.log(stage="export", samples=samples)
    else:
        unet = start.unet if start else architecture.unet()
        if arguments.forget_words:
            forget_words(unet)
        unet = train_denoiser(
            run,
            unet,
            text,
            pool,
            arguments.unet_samples,
            scale=scale,
            batch=arguments.batch,
            checkpoints=arguments.checkpoints,
        )
    yield "unet"
    folder = arguments.out or run.work / "model"
    save_pipeline(run, folder, autoencoder=autoencoder, text=text, unet=unet, scale=scale)
    yield "export"
    clip = train_clip(run, text, arguments.clip_samples)
    save_clip(run, folder.with_name("clip"), clip)
    yield "clip"


def _start(run: TrainingRun, folder: Path) -> StableDiffusionPipeline:
    """The model to train further, in float32 on the device of the training."""
    shipped = MODEL if str(folder) == "shapes" else folder
    pipeline = StableDiffusionPipeline.from_pretrained(
        shipped, use_safetensors=True, safety_checker=None
    )
    return pipeline.to(run.device, torch.float32)


if __name__ == "__main__":
    main()
