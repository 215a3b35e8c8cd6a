"""Two worker processes of one core each, beside one of two cores, and beside no worker at all.

The same pictures of `shapes` by turns, after a round that loads the models and is not counted.
`python -m dwlab.bench.cluster_workers [CELLS [ROUNDS]]` prints the figures as JSON.
"""

from __future__ import annotations

import contextlib
import functools
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..cluster.connect import connected, cores
from ..cluster.driver import render_on
from ..events import Done
from ..render.renderer import render
from ..runs.resolve import identify_all, resolve
from ..spec.compute import Compute
from ..spec.params import GenerationParams
from ..spec.where import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..render.renderer import Renderer
    from ..render.resolved_cell import ResolvedCell

CELLS = 240
ROUNDS = 3
STEPS = (2, 5, 10, 25)
PLACES = ("cpu*1", "cpu*2")


@dataclass(frozen=True)
class PlaceSpeed:
    """How fast a place is. seconds: of each round. ratio: of its speed to that of one worker."""

    place: str
    threads_per_worker: int
    seconds: tuple[float, ...]
    pictures_per_second: float
    ratio: float


def measure(cells: int = CELLS, rounds: int = ROUNDS) -> list[PlaceSpeed]:
    """Make the same pictures in all places, round by round."""
    compute = Compute(device="cpu")
    params = [
        GenerationParams(prompt="a red circle", seed=seed, steps=STEPS[seed % len(STEPS)])
        for seed in range(cells)
    ]
    todo = resolve(params, identify_all(params, compute), None)
    seconds: dict[str, list[float]] = {}
    with _renderers() as renderers:
        for number in range(rounds + 1):
            for place, renderer in renderers.items():
                spent = _seconds(renderer, todo, compute)
                # the first round loads models
                if number:
                    seconds.setdefault(place, []).append(round(spent, 3))
    middles = {place: statistics.median(each) for place, each in seconds.items()}
    return [
        PlaceSpeed(
            place=place,
            threads_per_worker=cores() // 2 if place == PLACES[-1] else cores(),
            seconds=tuple(each),
            pictures_per_second=round(cells / middles[place], 2),
            ratio=round(middles[PLACES[0]] / middles[place], 3),
        )
        for place, each in seconds.items()
    ]


@contextlib.contextmanager
def _renderers() -> Iterator[dict[str, Renderer]]:
    """What makes pictures in each place; workers that have nothing to do cost nothing."""
    renderers: dict[str, Renderer] = {"local": render}
    with contextlib.ExitStack() as stack:
        for place in PLACES:
            client = stack.enter_context(connected(parse(place)))
            renderers[place] = functools.partial(render_on, client)
        yield renderers


def _seconds(renderer: Renderer, cells: Sequence[ResolvedCell], compute: Compute) -> float:
    began = time.perf_counter()
    made = sum(isinstance(event, Done) for event in renderer(cells, compute=compute))
    if made != len(cells):
        raise RuntimeError(f"of {len(cells)} cells {made} were made")
    return time.perf_counter() - began


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    print(json.dumps([asdict(place) for place in measure(*numbers)], indent=1))
