"""What previews of `shapes` show, and what they cost: `python -m dwlab.bench.previews`.

With each scheduler, the judge looks at the preview after a share of the steps. It must name the
colour of the figure and the background that the caption asked for. The cost is the share of a run's
processor time that is spent on previews, for pictures made one at a time and sixteen together.
"""

from __future__ import annotations

import argparse
import functools
import io
import math
import statistics
import time
from typing import TYPE_CHECKING

from .. import shapes
from .._util.text_table import text_table
from ..events import Step
from ..models import loading
from ..runs.generation import stream
from ..runs.preview_rate import PreviewRate
from ..shapes.evaluate import draw_scenes
from ..spec.params import GenerationParams
from ..spec.schedulers import ALIASES, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..shapes.world import Scene

STEPS = 20
ROUNDS = 3
COMPANIES = (1, 16)  # pictures under way at a time
# for models of flow matching, which `shapes` is not
_OF_FLOWS = "FlowMatch"


def main(argv: list[str] | None = None) -> None:
    """Print both tables."""
    arguments = _parser().parse_args(argv)
    model = loading.load("shapes", "cpu")
    print(f"named after {arguments.share:.0%} of the steps:", flush=True)
    shares = []
    for name in schedulers():
        share = named(model, name, arguments.captions, arguments.share)
        shares.append(share)
        print(f"{name:<22} {share:6.1%}", flush=True)
    print(f"{'all':<22} {statistics.mean(shares):6.1%}", flush=True)
    rows = []
    for company in COMPANIES:
        cost = statistics.median(costs(model, company, arguments.rounds))
        rows.append((str(company), f"{cost:.1%}"))
    print(text_table(rows, ("pictures together", "time of previews"), numbers=(0, 1)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dwlab.bench.previews", description=__doc__)
    parser.add_argument("--captions", type=int, default=32, help="pictures per scheduler")
    parser.add_argument("--share", type=float, default=0.3, help="of the steps, 0 to 1")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="measurements of the cost")
    return parser


def schedulers() -> list[str]:
    """The names of all schedulers that draw with `shapes`, one name per scheduler."""
    by_meaning = {str(resolve(name)): name for name in reversed(ALIASES)}
    names = reversed(list(by_meaning.values()))
    return [name for name in names if _OF_FLOWS not in resolve(name)[0]]


def named(model: loading.Model, scheduler: str, captions: int, share: float) -> float:
    """The share of previews in which the judge names both colours, 0 to 1."""
    scenes = draw_scenes(captions)
    judged: dict[int, bool] = {}
    events = stream(_recipes(scenes, scheduler), model=model, dropped=lambda index: index in judged)
    for event in events:
        if not isinstance(event, Step) or event.index in judged:
            continue
        if event.step >= math.ceil(share * event.steps):
            judged[event.index] = _is_named(event, scenes[event.index])
    return statistics.mean(judged.get(index, False) for index in range(captions))


def _is_named(event: Step, scene: Scene) -> bool:
    preview = event.preview() if event.preview else None
    if preview is None:
        return False
    verdict = shapes.judge(preview)
    return (verdict.colour, verdict.background) == (scene.colour, scene.background)


def _recipes(scenes: Sequence[Scene], scheduler: str | None = None) -> list[GenerationParams]:
    recipes = []
    for seed, scene in enumerate(scenes):
        caption = shapes.full_caption(scene)
        recipe = GenerationParams(caption, seed=seed, steps=STEPS, width=128, height=128)
        recipes.append(recipe if scheduler is None else recipe.replace(scheduler=scheduler))
    return recipes


def costs(model: loading.Model, company: int, rounds: int) -> Iterator[float]:
    """The share of the processor time of runs that their previews take, one per round."""
    recipes = _recipes(draw_scenes(company))
    # loads the decoder
    _seconds_of_previews(model, recipes)
    for _ in range(rounds):
        began = time.process_time()
        previews = _seconds_of_previews(model, recipes)
        yield previews / (time.process_time() - began)


def _seconds_of_previews(model: loading.Model, recipes: Sequence[GenerationParams]) -> float:
    """Make pictures, with previews as a page shows them; the processor time of these."""
    rate = PreviewRate()
    seconds = 0.0
    for event in stream(recipes, model=model, pack=len(recipes)):
        if isinstance(event, Step):
            began = time.thread_time()
            rate.make(event.index, functools.partial(_png, event))
            seconds += time.thread_time() - began
    return seconds


def _png(event: Step) -> bytes:
    buffer = io.BytesIO()
    preview = event.preview() if event.preview else None
    if preview is not None:
        preview.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
