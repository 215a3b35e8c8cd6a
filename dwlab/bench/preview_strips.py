"""Previews as a run goes on, beside the finished pictures: `python -m dwlab.bench.preview_strips FILE`.

One row per prompt and scheduler, one column per share of the steps.
"""

from __future__ import annotations

import argparse
import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from matplotlib.figure import Figure

from ..events import Done, Step
from ..models import loading
from ..pictures.picture import Picture
from ..runs.generation import stream
from ..spec.params import GenerationParams
from ..views.text_fit import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    # previews by share of the steps, and the finished picture under FINISHED
    Strip: TypeAlias = dict[float, Image.Image]

SHARES = (0.1, 0.2, 0.3, 0.5, 1.0)
FINISHED = math.inf
PROMPTS = (
    "a large red circle at the center on a white background",
    "a small yellow star at the left on a purple background",
    "a large green ring at the top on a black background",
)
SCHEDULERS = ("DDIM", "Euler a")
TILE = 1.3  # inches


def main(argv: list[str] | None = None) -> None:
    """Draw the pictures and write the figure."""
    arguments = _parser().parse_args(argv)
    model = loading.load(arguments.model, "cpu")
    recipes = recipes_of(
        arguments.model,
        arguments.prompt or PROMPTS,
        arguments.scheduler or SCHEDULERS,
        arguments.steps,
    )
    figure_of(recipes, strips(model, recipes)).savefig(arguments.file, dpi=110)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dwlab.bench.preview_strips", description=__doc__
    )
    parser.add_argument("file", type=Path, help="the PNG to write")
    parser.add_argument("--model", default="shapes", help="a name or a folder")
    parser.add_argument("--prompt", action="append", help="may be repeated")
    parser.add_argument("--scheduler", action="append", help="may be repeated")
    parser.add_argument("--steps", type=int, default=20)
    return parser


def recipes_of(
    model: str, prompts: Sequence[str], schedulers: Sequence[str], steps: int
) -> list[GenerationParams]:
    """A recipe for each prompt with each scheduler; seeds count the prompts."""
    recipes = []
    for (seed, prompt), scheduler in itertools.product(enumerate(prompts), schedulers):
        recipes.append(
            GenerationParams(prompt, seed=seed, steps=steps, scheduler=scheduler, model=model)
        )
    return recipes


def strips(model: loading.Model, recipes: Sequence[GenerationParams]) -> list[Strip]:
    """The previews of each recipe's run after each of SHARES, and its finished picture."""
    made: list[Strip] = [{} for _ in recipes]
    for event in stream(recipes, model=model):
        if isinstance(event, Step):
            made[event.index] |= _previews_after(event)
        elif isinstance(event, Done) and isinstance(event.result, Picture):
            made[event.index][FINISHED] = event.result.image
    return made


def _previews_after(event: Step) -> Strip:
    """The preview of a step, under each share of the steps that ends with it."""
    shares = [share for share in SHARES if event.step == math.ceil(share * event.steps)]
    preview = event.preview() if shares and event.preview else None
    return dict.fromkeys(shares, preview) if preview is not None else {}


def figure_of(recipes: Sequence[GenerationParams], made: Sequence[Strip]) -> Figure:
    """The strips below each other, with what differs between the runs beside them."""
    columns = (*SHARES, FINISHED)
    size = (TILE * (len(columns) + 1.5), TILE * len(made) + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(made), len(columns), squeeze=False)
    for row, (recipe, strip) in enumerate(zip(recipes, made, strict=True)):
        for column, share in enumerate(columns):
            panel = axes[row][column]
            panel.set_axis_off()
            if share in strip:
                panel.imshow(strip[share])
            if row == 0:
                panel.set_title("finished" if share == FINISHED else f"{share:.0%}", fontsize=9)
        label = printable(f"{recipe.prompt}\n{recipe.scheduler}")
        axes[row][0].text(
            -0.1, 0.5, label, transform=axes[row][0].transAxes, ha="right", va="center",
            fontsize=8, wrap=True,
        )  # fmt: skip
    return figure


if __name__ == "__main__":
    main()
