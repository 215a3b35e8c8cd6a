"""Fit the decoder for previews of `shapes`: `python -m dwlab.shapes.train_preview --work DIR`.

Scenes are drawn with many schedulers, steps and guidances; a small network learns to tell from what
a step predicts how the picture will look. It takes about ten minutes on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

from . import MODEL
from .preview_decoder import WEIGHTS
from .training.preview import make_pool, train_decoder
from .training.training_run import TrainingRun


def main(argv: list[str] | None = None) -> None:
    """Train, from the last checkpoint if there is one, and write the file in float16."""
    arguments = _parser().parse_args(argv)
    arguments.work.mkdir(parents=True, exist_ok=True)
    run = TrainingRun(arguments.work, arguments.seed, arguments.device)
    pipeline = StableDiffusionPipeline.from_pretrained(
        MODEL, use_safetensors=True, safety_checker=None
    ).to(run.device, torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    pool = make_pool(run, pipeline, arguments.pictures)
    torch.manual_seed(arguments.seed)
    decoder = train_decoder(run, pool, arguments.samples)
    path = arguments.out or run.work / WEIGHTS.name
    save_file({name: weight.half() for name, weight in decoder.state_dict().items()}, path)
    print(f"{path}  {path.stat().st_size:,} bytes")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dwlab.shapes.train_preview", description=__doc__
    )
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for checkpoints and the log"
    )
    parser.add_argument("--out", type=Path, help="the file to write (default: in WORK)")
    parser.add_argument("--pictures", type=int, default=960, help="pictures to draw")
    parser.add_argument("--samples", type=int, default=72_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    return parser


if __name__ == "__main__":
    main()
