"""What previews of `shapes` show, and what they cost: `python -m dwlab.bench.previews`.

With each scheduler, the judge looks at the preview after a share of the steps. It must name the
colour of the figure and the background that the caption asked for. With --share 1 it looks at the
last one, which is all but the finished picture: previews cannot be named right more often. The cost
is the processor time of a step with and without previews, for pictures made one at a time and sixteen
together.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import math
import statistics
import time
from dataclasses import dataclass
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
COST_COLUMNS = ("pictures together", "ms a step without", "ms a step with", "time of previews")
# for models of flow matching, which `shapes` is not
_OF_FLOWS = "FlowMatch"


def main(argv: list[str] | None = None) -> None:
    """Print both tables."""
    arguments = _parser().parse_args(argv)
    model = loading.load("shapes", "cpu")
    print(f"named after {arguments.share:.0%} of the steps:", flush=True)
    shares = []
    for name in arguments.scheduler or schedulers():
        share = named(model, name, draw_scenes(arguments.captions, arguments.seed), arguments.share)
        shares.append(share)
        print(f"{name:<22} {share:6.1%}", flush=True)
    print(f"{'all':<22} {statistics.mean(shares):6.1%}", flush=True)
    rows = [_cost_row(model, company, arguments.rounds) for company in COMPANIES]
    print(text_table(rows, COST_COLUMNS, numbers=range(len(COST_COLUMNS))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dwlab.bench.previews", description=__doc__)
    parser.add_argument("--captions", type=int, default=32, help="pictures per scheduler")
    parser.add_argument("--seed", type=int, default=0, help="of the captions")
    parser.add_argument("--scheduler", action="append", help="may be repeated (default: all)")
    parser.add_argument("--share", type=float, default=0.3, help="of the steps, 0 to 1")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="measurements of the cost")
    return parser


def schedulers() -> list[str]:
    """The names of all schedulers that draw with `shapes`, one name per scheduler."""
    by_meaning = {str(resolve(name)): name for name in reversed(ALIASES)}
    names = reversed(list(by_meaning.values()))
    return [name for name in names if _OF_FLOWS not in resolve(name)[0]]


def named(model: loading.Model, scheduler: str, scenes: Sequence[Scene], share: float) -> float:
    """The share of previews in which the judge names both colours, 0 to 1."""
    judged: dict[int, bool] = {}
    events = stream(_recipes(scenes, scheduler), model=model, dropped=lambda index: index in judged)
    for event in events:
        if not isinstance(event, Step) or event.index in judged:
            continue
        if event.step >= math.ceil(share * event.steps):
            judged[event.index] = _is_named(event, scenes[event.index])
    return statistics.mean(judged.get(index, False) for index in range(len(scenes)))


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


@dataclass(frozen=True)
class Cost:
    """Processor seconds of a picture's step, of all threads. of_previews: part of with_previews."""

    without: float
    with_previews: float
    of_previews: float

    @property
    def share(self) -> float:
        """Of the time that goes into previews, 0 to 1."""
        return self.of_previews / self.with_previews


def _cost_row(model: loading.Model, company: int, rounds: int) -> tuple[str, ...]:
    """The medians over rounds; the difference of the two times varies more than the share."""
    measured = list(costs(model, company, rounds))
    without = statistics.median(cost.without for cost in measured)
    with_previews = statistics.median(cost.with_previews for cost in measured)
    share = statistics.median(cost.share for cost in measured)
    return (str(company), f"{1000 * without:.1f}", f"{1000 * with_previews:.1f}", f"{share:.1%}")


def costs(model: loading.Model, company: int, rounds: int) -> Iterator[Cost]:
    """Make the same pictures without and with previews, by turns; one cost per round."""
    recipes = _recipes(draw_scenes(company))
    steps = STEPS * company
    # loads the decoder
    _seconds_of_previews(model, recipes, PreviewRate())
    for _ in range(rounds):
        with _processor_time() as without:
            _seconds_of_previews(model, recipes, None)
        with _processor_time() as with_previews:
            of_previews = _seconds_of_previews(model, recipes, PreviewRate())
        yield Cost(without[0] / steps, with_previews[0] / steps, of_previews / steps)


@contextlib.contextmanager
def _processor_time() -> Iterator[list[float]]:
    """A list that holds the seconds of the block after it."""
    seconds: list[float] = []
    began = time.process_time()
    yield seconds
    seconds.append(time.process_time() - began)


def _seconds_of_previews(
    model: loading.Model, recipes: Sequence[GenerationParams], rate: PreviewRate | None
) -> float:
    """Make pictures, with previews as a page shows them if there is a rate; the time of these."""
    seconds = 0.0
    for event in stream(recipes, model=model, pack=len(recipes)):
        if rate is not None and isinstance(event, Step):
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
