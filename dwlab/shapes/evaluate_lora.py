"""How well a LoRA teaches `shapes` a shape: `python -m dwlab.shapes.evaluate_lora FILE`.

The same captions of the new shape, and of the old ones, are drawn with and without the file. The
judge says what each picture shows; it takes the new shape into account everywhere.
"""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

import diffusers
import numpy as np
import torch

from . import MODEL
from .evaluate import DrawingSettings, judge_scenes, summary, table
from .judging import judge
from .world import SHAPES, TAUGHT_SHAPES, Scene, random_scene


def main(argv: list[str] | None = None) -> None:
    """Print the shares that are right, by attribute."""
    arguments = _parser().parse_args(argv)
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(
        MODEL, use_safetensors=True, torch_dtype=torch.float32
    )
    pipeline.set_progress_bar_config(disable=True)
    rng = np.random.default_rng([arguments.seed, 501])
    old = [random_scene(rng) for _ in range(arguments.captions)]
    new = [Scene(**{**scene.as_dict(), "shape": arguments.shape}) for scene in old]
    judging = functools.partial(judge, shapes=(*SHAPES, arguments.shape))
    settings = DrawingSettings(guidance=arguments.guidance, seed=arguments.seed)
    summaries = {}
    for state in ("without", "with"):
        if state == "with":
            pipeline.load_lora_weights(str(arguments.file))
        for kind, scenes in (("new", new), ("old", old)):
            judged = judge_scenes(pipeline, scenes, settings, judging=judging)
            summaries[f"{kind}, {state}"] = summary(judged)
    print(table(summaries))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dwlab.shapes.evaluate_lora", description=__doc__
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--shape", choices=TAUGHT_SHAPES, default=TAUGHT_SHAPES[0])
    parser.add_argument("--captions", type=int, default=200, help="of each kind (default: 200)")
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    main()
