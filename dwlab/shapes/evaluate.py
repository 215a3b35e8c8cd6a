"""How well a model folder follows its captions: `python -m dwlab.shapes.evaluate`.

Scenes are drawn uniformly over the world, so about a tenth is of the held-out kind that
training never saw; both kinds are reported apart. The judge says what each picture shows.
With `--schedulers`, the same scenes under one scheduler after the other.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

SCHEDULERS = (
    "DDIM", "Euler", "Euler a", "DPM++ 2M", "DPM++ 2M Karras", "UniPC", "Heun", "PNDM", "DPM++ SDE", "LCM",
)  # fmt: skip


@dataclass(frozen=True)
class Scores:
    """Scenes and the verdicts on their pictures, in the same order."""

    scenes: list[Scene]
    verdicts: list[Verdict]

    def select(self, *, held_out: bool) -> Scores:
        """The part whose scenes are (True) or are not (False) of the held-out kind."""
        pairs = [
            pair
            for pair in zip(self.scenes, self.verdicts, strict=True)
            if pair[0].held_out == held_out
        ]
        return Scores([scene for scene, _ in pairs], [verdict for _, verdict in pairs])

    def adherence(self) -> float:
        """The mean share of the five attributes that is right, 0..1."""
        return float(
            np.mean([_right(*pair) for pair in zip(self.scenes, self.verdicts, strict=True)])
        )

    def summary(self) -> dict[str, float | int | None]:
        """Shares 0..1 that are right, by attribute and for `all` five at once; None where there is no picture."""
        right = np.array(
            [_right(*pair) for pair in zip(self.scenes, self.verdicts, strict=True)], dtype=bool
        )
        count = len(right)
        if not count:
            return {"count": 0, **dict.fromkeys((*ATTRIBUTES, "all", "confidence"))}
        shares = dict(zip(ATTRIBUTES, map(float, right.mean(axis=0)), strict=True))
        confidence = float(np.mean([verdict.confidence for verdict in self.verdicts]))
        return {
            "count": count,
            **shares,
            "all": float(right.all(axis=1).mean()),
            "confidence": confidence,
        }


def _right(scene: Scene, verdict: Verdict) -> list[bool]:
    return [getattr(scene, attribute) == getattr(verdict, attribute) for attribute in ATTRIBUTES]


def draw_scenes(count: int, seed: int = 0) -> list[Scene]:
    """`count` scenes, uniform over the world; the same for the same seed."""
    rng = np.random.default_rng([seed, 500])
    return [random_scene(rng) for _ in range(count)]


def scores(
    pipeline: Any,  # any text-to-image pipeline of diffusers
    scenes: Sequence[Scene],
    *,
    steps: int = 20,
    guidance: float = 7.5,
    scheduler: Any = None,  # any scheduler of diffusers
    batch: int = 32,
    seed: int = 0,
    on_batch: Callable[[int], None] | None = None,
) -> Scores:
    """Draw the full caption of every scene with `pipeline` and judge the pictures.

    Picture i starts from a CPU generator seeded `seed + i`, so that `batch` does not choose the noise.
    `scheduler` stands in for the pipeline's own during the call; `on_batch` is told how many are done.
    """
    own = pipeline.scheduler
    pipeline.scheduler = own if scheduler is None else scheduler
    verdicts: list[Verdict] = []
    try:
        for start in range(0, len(scenes), batch):
            captions = [full_caption(scene) for scene in scenes[start : start + batch]]
            pictures = _pictures(pipeline, captions, steps, guidance, seed + start)
            verdicts += [judge(picture) for picture in pictures]
            if on_batch is not None:
                on_batch(len(verdicts))
    finally:
        pipeline.scheduler = own
    return Scores(list(scenes), verdicts)


def _pictures(
    pipeline: Any, captions: list[str], steps: int, guidance: float, seed: int
) -> list[Any]:
    generators = [torch.Generator("cpu").manual_seed(seed + i) for i in range(len(captions))]
    made = pipeline(
        captions, num_inference_steps=steps, guidance_scale=guidance, generator=generators
    )
    return list(made.images)


def report(found: Scores) -> dict[str, dict[str, float | int | None]]:
    """The summaries of every picture, and of the seen and held-out kinds apart."""
    return {
        "every": found.summary(),
        "seen": found.select(held_out=False).summary(),
        "held_out": found.select(held_out=True).summary(),
    }


def by_scheduler(
    pipeline: Any, scenes: Sequence[Scene], **options: Any
) -> Iterator[tuple[str, float]]:
    """The adherence under the shipped scheduler, then under each of SCHEDULERS; options as of `scores`."""
    yield "as shipped", scores(pipeline, scenes, **options).adherence()
    for name in SCHEDULERS:
        cls, settings = resolve(name)
        scheduler = getattr(diffusers, cls).from_config(pipeline.scheduler.config, **settings)
        yield name, scores(pipeline, scenes, scheduler=scheduler, **options).adherence()


def table(parts: dict[str, dict[str, float | int | None]]) -> str:
    """The report as lines of text: one line a part, shares in percent."""
    columns = (*ATTRIBUTES, "all")
    head = ("", "count", *columns)
    rows = []
    for name, part in parts.items():
        shares = [_percent(part[column]) for column in columns]
        rows.append((name, str(part["count"]), *shares))
    return text_table(rows, head, numbers=range(1, len(head)))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"


def main(argv: list[str] | None = None) -> None:
    """Evaluate a folder with the stock pipeline in float32; print the table, write JSON where asked."""
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
    args = parser.parse_args(argv)
    if not (args.model / "model_index.json").is_file():
        parser.error(
            f"--model {args.model}: no model_index.json there; give a diffusers folder, as train.py exports"
        )
    for name in ("captions", "steps", "batch"):
        if getattr(args, name) < 1:
            parser.error(f"--{name} {getattr(args, name)}: must be 1 or more")

    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(
        args.model, use_safetensors=True, torch_dtype=torch.float32
    )
    pipeline.set_progress_bar_config(disable=True)
    scenes = draw_scenes(args.captions, args.seed)
    options = {name: getattr(args, name) for name in ("steps", "guidance", "batch", "seed")}
    found = (
        _schedulers(pipeline, scenes, options)
        if args.schedulers
        else _attributes(pipeline, scenes, options)
    )
    if args.json is not None:
        asked = {
            "captions": args.captions,
            **options,
            "scheduler": type(pipeline.scheduler).__name__,
        }
        write_atomic(args.json, json.dumps({**asked, **found}, indent=2).encode() + b"\n")


def _attributes(pipeline: Any, scenes: list[Scene], options: dict[str, Any]) -> dict[str, Any]:
    found = scores(
        pipeline,
        scenes,
        **options,
        on_batch=lambda done: print(f"{done}/{len(scenes)}", flush=True),
    )
    parts = report(found)
    print(table(parts))
    return parts


def _schedulers(pipeline: Any, scenes: list[Scene], options: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, float] = {}
    for name, share in by_scheduler(pipeline, scenes, **options):
        found[name] = share
        print(
            f"{name:<16} {share:7.1%} {share / found['as shipped']:7.2f} of the shipped scheduler's",
            flush=True,
        )
    return {"adherence": found}


if __name__ == "__main__":
    main()
