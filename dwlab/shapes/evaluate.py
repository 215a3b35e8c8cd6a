"""How well a model folder follows its captions: `python -m dwlab.shapes.evaluate`.

Scenes are drawn uniformly over the world, so about a tenth is of the held-out kind that training
never saw; both kinds are reported apart. The judge says what each picture shows.
With `--schedulers`, the same scenes under one scheduler after the other.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import diffusers
import numpy as np
import torch

from .._util.atomic import write_atomic
from .._util.text_table import text_table
from ..spec.schedulers import resolve
from . import MODEL
from .captions import full_caption
from .judging import Verdict, judge
from .world import ATTRIBUTES, Scene, random_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diffusers import DiffusionPipeline, SchedulerMixin
    from PIL import Image

SCHEDULERS = (
    "DDIM",
    "Euler",
    "Euler a",
    "DPM++ 2M",
    "DPM++ 2M Karras",
    "UniPC",
    "Heun",
    "PNDM",
    "DPM++ SDE",
    "LCM",
)
SHIPPED = "as shipped"

# shares 0..1 by attribute, and how many pictures there are
Summary: TypeAlias = dict[str, float | int | None]


@dataclass(frozen=True)
class Judged:
    """A scene, and what the judge sees in the picture of its caption."""

    scene: Scene
    verdict: Verdict

    @property
    def right(self) -> list[bool]:
        """Whether each of the five attributes is right."""
        return [
            getattr(self.scene, attribute) == getattr(self.verdict, attribute)
            for attribute in ATTRIBUTES
        ]


def adherence(judged: Sequence[Judged]) -> float:
    """The mean share of the five attributes that is right, 0..1."""
    return float(np.mean([picture.right for picture in judged]))


def summary(judged: Sequence[Judged]) -> Summary:
    """Shares 0..1 that are right, by attribute and for `all` five at once.

    None if there are no pictures.
    """
    if not judged:
        return {"count": 0, **dict.fromkeys((*ATTRIBUTES, "all", "confidence"))}
    right = np.array([picture.right for picture in judged])
    by_attribute = dict(zip(ATTRIBUTES, right.mean(axis=0).tolist(), strict=True))
    return {
        "count": len(judged),
        **by_attribute,
        "all": float(right.all(axis=1).mean()),
        "confidence": float(np.mean([picture.verdict.confidence for picture in judged])),
    }


def report(judged: Sequence[Judged]) -> dict[str, Summary]:
    """The summaries of every picture, and of the seen and held-out kinds apart."""
    return {
        "every": summary(judged),
        "seen": summary([picture for picture in judged if not picture.scene.held_out]),
        "held_out": summary([picture for picture in judged if picture.scene.held_out]),
    }


def table(summaries: dict[str, Summary]) -> str:
    """The report as text: a line per part, shares in percent."""
    columns = (*ATTRIBUTES, "all")
    head = ("", "count", *columns)
    rows = []
    for name, part in summaries.items():
        shares = [_percent(part[column]) for column in columns]
        rows.append((name, str(part["count"]), *shares))
    return text_table(rows, head, numbers=range(1, len(head)))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"


def draw_scenes(count: int, seed: int = 0) -> list[Scene]:
    """`count` scenes, uniform over the world; the same for the same seed."""
    rng = np.random.default_rng([seed, 500])
    return [random_scene(rng) for _ in range(count)]


@dataclass(frozen=True)
class DrawingSettings:
    """How the pictures are drawn."""

    steps: int = 20
    guidance: float = 7.5
    batch: int = 32
    seed: int = 0


def judge_scenes(
    pipeline: DiffusionPipeline,
    scenes: Sequence[Scene],
    settings: DrawingSettings,
    *,
    scheduler: SchedulerMixin | None = None,
    on_batch: Callable[[int], None] | None = None,
    judging: Callable[[Image.Image], Verdict] = judge,
) -> list[Judged]:
    """Draw the full caption of every scene with `pipeline` and judge the pictures.

    Picture i starts from a CPU generator seeded `seed + i`, so that the noise does not depend on
    `batch`. scheduler: used instead of the pipeline's own. on_batch: told how many are done. judging: says what a picture shows.
    """
    own = pipeline.scheduler
    pipeline.scheduler = scheduler or own
    judged: list[Judged] = []
    try:
        for start in range(0, len(scenes), settings.batch):
            group = scenes[start : start + settings.batch]
            pictures = _draw(pipeline, group, settings, settings.seed + start)
            judged += map(Judged, group, map(judging, pictures))
            if on_batch is not None:
                on_batch(len(judged))
    finally:
        pipeline.scheduler = own
    return judged


def _draw(
    pipeline: DiffusionPipeline, scenes: Sequence[Scene], settings: DrawingSettings, seed: int
) -> list[Image.Image]:
    generators = [torch.Generator("cpu").manual_seed(seed + i) for i in range(len(scenes))]
    output = pipeline(
        [full_caption(scene) for scene in scenes],
        num_inference_steps=settings.steps,
        guidance_scale=settings.guidance,
        generator=generators,
    )
    return list(output.images)


def by_scheduler(
    pipeline: DiffusionPipeline, scenes: Sequence[Scene], settings: DrawingSettings
) -> Iterator[tuple[str, float]]:
    """The adherence under the shipped scheduler, then under each of SCHEDULERS."""
    yield SHIPPED, adherence(judge_scenes(pipeline, scenes, settings))
    for name in SCHEDULERS:
        class_name, options = resolve(name)
        scheduler_class = getattr(diffusers, class_name)
        scheduler = scheduler_class.from_config(pipeline.scheduler.config, **options)
        yield name, adherence(judge_scenes(pipeline, scenes, settings, scheduler=scheduler))


def main(argv: list[str] | None = None) -> None:
    """Evaluate a folder with the stock pipeline in float32; print the table, write JSON if asked."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if not (arguments.model / "model_index.json").is_file():
        parser.error(
            f"--model {arguments.model}: no model_index.json there; "
            "give a diffusers folder, such as `python -m dwlab.shapes.train` exports"
        )
    for name in ("captions", "steps", "batch"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} {getattr(arguments, name)}: must be 1 or more")

    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(
        arguments.model, use_safetensors=True, torch_dtype=torch.float32
    )
    pipeline.set_progress_bar_config(disable=True)
    scenes = draw_scenes(arguments.captions, arguments.seed)
    settings = DrawingSettings(
        steps=arguments.steps,
        guidance=arguments.guidance,
        batch=arguments.batch,
        seed=arguments.seed,
    )
    evaluate = _evaluate_schedulers if arguments.schedulers else _evaluate_attributes
    figures = evaluate(pipeline, scenes, settings)
    if arguments.json is not None:
        document = {
            "captions": arguments.captions,
            **asdict(settings),
            "scheduler": type(pipeline.scheduler).__name__,
            **figures,
        }
        write_atomic(arguments.json, json.dumps(document, indent=2).encode() + b"\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dwlab.shapes.evaluate", description=__doc__)
    parser.add_argument(
        "--model", type=Path, default=MODEL, help="a diffusers folder (default: the shipped model)"
    )
    parser.add_argument("--captions", type=int, default=500, help="pictures to draw (default: 500)")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=7.5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument(
        "--schedulers", action="store_true", help="compare schedulers by adherence instead"
    )
    return parser


def _evaluate_attributes(
    pipeline: DiffusionPipeline, scenes: list[Scene], settings: DrawingSettings
) -> dict[str, Summary]:
    def tell(done: int) -> None:
        print(f"{done}/{len(scenes)}", flush=True)

    summaries = report(judge_scenes(pipeline, scenes, settings, on_batch=tell))
    print(table(summaries))
    return summaries


def _evaluate_schedulers(
    pipeline: DiffusionPipeline, scenes: list[Scene], settings: DrawingSettings
) -> dict[str, dict[str, float]]:
    shares: dict[str, float] = {}
    for name, share in by_scheduler(pipeline, scenes, settings):
        shares[name] = share
        ratio = share / shares[SHIPPED]
        print(f"{name:<16} {share:7.1%} {ratio:7.2f} of the shipped scheduler's", flush=True)
    return {"adherence": shares}


if __name__ == "__main__":
    main()
