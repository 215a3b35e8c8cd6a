"""The settings that were tried where there is no grid, each with its cells."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...searching.problem import Draw, Problem, spread
from ...spec.content import is_content
from ...spec.rows import rows_of
from .grid import SEED, kept_seeds
from .resolved import resolved_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...render.resolved_cell import ResolvedCell
    from ...searching.problem import Instance
    from ...spec.cells import Cell
    from .prepared import Prepared

LEAST = 4  # pictures of each setting, as far as there are prompts and seeds


class TriedSettings:
    """Settings with the cells of each; all have the same prompts and seeds.

    seeds: those that were drawn for a random axis. settings: values by axis. cells, resolved: by
    setting and instance. instances: that each setting gets; held_out: that only the final claim
    uses.
    """

    def __init__(self, plan: Prepared, seeds: list[int] | None) -> None:
        self._plan = plan
        self._grid = plan.spec.as_grid()
        self._seeds = seeds
        self.settings: list[dict[str, object]] = []
        self.cells: dict[Draw, Cell] = {}
        self.resolved: dict[Draw, ResolvedCell] = {}
        self._index: dict[str, int] = {}
        self.instances, self.held_out = self._instances()

    def _instances(self) -> tuple[tuple[Instance, ...], tuple[Instance, ...]]:
        cells = self._grid.cells(self._seeds, limit=self._plan.limit)
        places = [_place(cell) for cell in cells]
        prompts = list(dict.fromkeys(prompt for prompt, _ in places))
        seeds = list(dict.fromkeys(seed for _, seed in places))
        kept = kept_seeds(seeds, self._plan.request.held_out)
        count = self._plan.request.pictures or max(LEAST, len(prompts))
        held_out = [seed for seed in seeds if seed not in kept]
        return spread(prompts, kept)[:count], spread(prompts, held_out)

    def add(self, setting: Mapping[str, object]) -> int | None:
        """The position of a setting, which is added if it is new; None if a skip rule drops it.

        Raises InvalidInput for a value that is not allowed.
        """
        text = json.dumps(setting, default=str, sort_keys=True)
        if text in self._index:
            return self._index[text]
        sweep = self._grid.override({name: [value] for name, value in setting.items()})
        try:
            own = sweep.cells(self._seeds, limit=self._plan.limit)
        except InvalidInput as error:
            if error.field != "skip":
                raise
            return None
        at = len(self.settings)
        self._index[text] = at
        self.settings.append(dict(setting))
        first = at * len(own)
        cells = [replace(cell, position=first + number) for number, cell in enumerate(own)]
        plan = self._plan
        resolved = resolved_cells(cells, plan.identities, plan.root, plan.compute.exact)
        instance_at = {(each.prompt, each.seed): k for k, each in enumerate(self._every_instance)}
        for cell, complete in zip(cells, resolved, strict=True):
            instance = instance_at.get(_place(cell))
            if instance is not None:
                draw = Draw(at, instance)
                self.cells[draw] = cell
                self.resolved[draw] = replace(complete, position=cell.position)
        return at

    def keep_first(self, count: int) -> None:
        """Forget all settings but the first ones."""
        del self.settings[count:]
        self._index = {text: at for text, at in self._index.items() if at < count}
        self.cells = {draw: cell for draw, cell in self.cells.items() if draw.setting < count}
        self.resolved = {draw: cell for draw, cell in self.resolved.items() if draw.setting < count}

    @property
    def _every_instance(self) -> tuple[Instance, ...]:
        return self.instances + self.held_out

    @property
    def prices(self) -> tuple[float, ...]:
        """Rows of the denoiser per picture of each setting."""
        cells = [self.resolved[Draw(at, 0)] for at in range(len(self.settings))]
        return tuple(float(rows_of(cell.params)) for cell in cells)

    def search_draws(self, settings: Iterable[int]) -> list[Draw]:
        """The pictures that some settings get, setting by setting."""
        return [
            Draw(setting, instance)
            for setting in settings
            for instance in range(len(self.instances))
        ]

    def problem(self) -> Problem:
        """The settings so far as a problem, for the final claim."""
        metric = self._plan.metric
        return Problem(
            prices=self.prices,
            instances=self.instances,
            held_out=self.held_out,
            bound=metric.bound,
            higher_is_better=metric.facts.is_higher_better,
            margin=self._plan.margin,
            target=self._plan.request.target,
        )


def _place(cell: Cell) -> tuple[str, int]:
    """What a cell is of: its prompt with all that belongs to it, and its seed."""
    others = {name: value for name, value in cell.axes.items() if is_content(name)}
    seed = int(str(others.pop(SEED)))
    return json.dumps(others, default=str), seed
