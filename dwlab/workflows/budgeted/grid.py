"""The cells of a sweep as settings that are compared on the same instances, prompts and seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._util.isolated import isolated
from ...analysis.labels import label
from ...errors import InvalidInput
from ...searching.problem import Draw, Problem, spread
from ...spec.content import is_content
from ...spec.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...render.resolved_cell import ResolvedCell
    from ...spec.cells import Cell
    from ...spec.search_request import SearchRequest
    from .ranking_metric import RankingMetric

SEED = "seed"


@dataclass(frozen=True)
class SearchGrid:
    """The cells of a sweep by setting and instance, both as the problem counts them.

    settings: the values of the axes of each setting. cells, resolved: of each draw.
    """

    problem: Problem
    settings: tuple[dict[str, object], ...]
    cells: Mapping[Draw, Cell]
    resolved: Mapping[Draw, ResolvedCell]

    def chosen(self, draws: Iterable[Draw]) -> list[Cell]:
        """The cells of some draws, in the order of the sweep."""
        return sorted((self.cells[draw] for draw in draws), key=lambda cell: cell.position)

    def setting_text(self, setting: int) -> str:
        """A setting as text, like `steps 8, guidance 4`."""
        return setting_text(self.settings[setting])

    @property
    def rows(self) -> int:
        """Rows of the denoiser that all cells would take."""
        return sum(rows_of(cell.params) for cell in self.resolved.values())


def search_grid(
    cells: Sequence[Cell],
    resolved: Sequence[ResolvedCell],
    metric: RankingMetric,
    request: SearchRequest,
    margin: float,
) -> SearchGrid:
    """The cells of a sweep as a problem for a search.

    resolved: the same cells, complete. Half of the seeds, or as many as the request says, are held
    out for the final claim. Raises InvalidInput for settings that lack prompts or seeds, or too few
    seeds.
    """
    settings: dict[str, dict[str, object]] = {}
    prompts: dict[str, None] = {}
    seeds: dict[int, None] = {}
    places = []
    for cell in cells:
        values = {name: value for name, value in cell.axes.items() if not is_content(name)}
        others = {name: value for name, value in cell.axes.items() if is_content(name)}
        # no key tells 3 from 3.0 or "3"
        seed = int(str(others.pop(SEED)))
        setting, prompt = _text(values), _text(others)
        settings.setdefault(setting, values)
        prompts[prompt] = None
        seeds[seed] = None
        places.append((setting, prompt, seed))
    _check_complete(len(cells), len(settings), len(prompts), len(seeds))
    kept = kept_seeds(list(seeds), request.held_out)
    problem = Problem(
        prices=_prices([setting for setting, _, _ in places], resolved),
        instances=spread(list(prompts), kept),
        held_out=spread(list(prompts), [seed for seed in seeds if seed not in kept]),
        bound=metric.bound,
        higher_is_better=metric.facts.is_higher_better,
        margin=margin,
        target=request.target,
    )
    setting_at = {text: at for at, text in enumerate(settings)}
    instance_at = {(each.prompt, each.seed): at for at, each in enumerate(problem.every_instance)}
    draws = [Draw(setting_at[text], instance_at[prompt, seed]) for text, prompt, seed in places]
    return SearchGrid(
        problem=problem,
        settings=tuple(settings.values()),
        cells=dict(zip(draws, cells, strict=True)),
        resolved=dict(zip(draws, resolved, strict=True)),
    )


def setting_text(values: Mapping[str, object]) -> str:
    """The values of a setting's axes as text, like `steps 8, guidance 4`."""
    return ", ".join(f"{isolated(name)} {isolated(label(value))}" for name, value in values.items())


def _text(values: Mapping[str, object]) -> str:
    return json.dumps(values, default=str)


def _check_complete(cells: int, settings: int, prompts: int, seeds: int) -> None:
    combinations = settings * prompts * seeds
    if cells != combinations:
        allowed = (
            f"axes whose {combinations:,} combinations are all different cells: a search compares settings on "
            "the same prompts and seeds"
        )
        raise InvalidInput("axes", f"{cells:,} cells", allowed)


def kept_seeds(seeds: list[int], held_out: int | None) -> list[int]:
    """The seeds to search with, which are the first ones. held_out: how many are not; None for half.

    Raises InvalidInput if that leaves none.
    """
    if held_out is None:
        held_out = len(seeds) // 2
    if held_out >= len(seeds):
        allowed = f"fewer than the sweep's {len(seeds)} seeds, of which some are to search with"
        raise InvalidInput("search.held_out", held_out, allowed)
    return seeds[: len(seeds) - held_out]


def _prices(settings: Sequence[str], resolved: Sequence[ResolvedCell]) -> tuple[float, ...]:
    """Rows of the denoiser per picture of each setting."""
    prices: dict[str, float] = {}
    for setting, cell in zip(settings, resolved, strict=True):
        prices.setdefault(setting, float(rows_of(cell.params)))
    return tuple(prices.values())
