"""The cells that the engine benchmark draws."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...models.identity import complete
from ...spec import catalog, families
from ...spec.params import GenerationParams

if TYPE_CHECKING:
    from ...models.identity import Identity

PROMPTS = (
    "a large red circle at the center on a white background",
    "a small blue star at the top on a black background",
    "a green square left of a yellow heart",
    "a purple triangle",
)
STEPS = (8, 12, 16, 20)
GUIDANCES = (1.0, 2.0, 3.0, 5.0, 7.5)
SCHEDULERS = ("DDIM", "Euler")

Cells = list[GenerationParams]


@dataclass(frozen=True)
class EngineGrid:
    """All combinations of some prompts, seeds, steps, guidances and schedulers.

    prompts, seeds: how many.
    """

    prompts: int
    seeds: int
    steps: tuple[int, ...]
    guidances: tuple[float, ...]
    schedulers: tuple[str, ...]

    def cells(self, identity: Identity, scale: float = 1.0) -> Cells:
        """The cells for a model; each number of steps is multiplied by `scale`, at least 1.

        A model that draws with none of the schedulers has its own.
        """
        entry = catalog.lookup(str(identity.folder))
        own = complete(GenerationParams("", model=identity.name), identity).scheduler
        fitting = families.schedulers_for(entry.pipeline or "", own)
        shared = [name for name in self.schedulers if name in fitting]
        schedulers: list[str | None] = [*shared] or [None]
        points = itertools.product(
            PROMPTS[: self.prompts],
            range(self.seeds),
            self.steps,
            self.guidances,
            schedulers,
        )
        return [
            GenerationParams(
                prompt,
                seed=seed,
                steps=max(1, round(steps * scale)),
                guidance=guidance,
                scheduler=scheduler,
                model=identity.name,
            )
            for prompt, seed, steps, guidance, scheduler in points
        ]


GRIDS = {
    "heterogeneous": EngineGrid(
        prompts=1, seeds=3, steps=STEPS, guidances=GUIDANCES, schedulers=SCHEDULERS
    ),
    "one-seed": EngineGrid(
        prompts=1, seeds=1, steps=STEPS, guidances=GUIDANCES, schedulers=SCHEDULERS
    ),
    "homogeneous": EngineGrid(
        prompts=1, seeds=64, steps=(20,), guidances=(3.0,), schedulers=("DDIM",)
    ),
    "mixed": EngineGrid(
        prompts=4, seeds=2, steps=(8, 12, 16), guidances=(2.0, 3.0, 5.0), schedulers=("DDIM",)
    ),
}


def evenly(cells: Cells, limit: int) -> Cells:
    """At most `limit` cells, taken at equal distances, among which all steps, guidances and schedulers occur."""
    settings = {(cell.steps, cell.guidance, cell.scheduler) for cell in cells}
    distance = -(-len(cells) // limit)
    # else one came back to the same settings: every fourth cell of two schedulers has the first
    while math.gcd(distance, len(settings)) > 1:
        distance += 1
    return cells[::distance]
