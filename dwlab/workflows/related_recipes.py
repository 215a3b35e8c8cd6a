"""Recipes beside a recipe, and how two recipes differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..spec.params import GenerationParams

T = TypeVar("T")

# what the neighbours' values are multiplied by
FACTORS = {"guidance": (0.6, 0.8, 1.25, 1.6), "steps": (0.5, 0.75, 1.5, 2)}
NEIGHBOUR_SCHEDULERS = ("DDIM", "Euler", "Euler a", "DPM++ 2M", "UniPC")
NEIGHBOURS = 4
STEPS_LIMIT = 1_000
GUIDANCE_LIMIT = 100
SEEDS = 2**63


def neighbours(params: GenerationParams, along: str) -> list[GenerationParams]:
    """Up to four recipes that differ from `params` in one parameter.

    along: `seed` (the next four), `guidance` or `steps` (lower and higher ones) or `scheduler`.
    Raises InvalidInput for any other parameter.
    """
    match along:
        case "seed":
            seeds = [(params.seed + distance) % SEEDS for distance in range(1, NEIGHBOURS + 1)]
            return [params.replace(seed=seed) for seed in seeds]
        case "scheduler":
            return _other_schedulers(params)
        case "steps":
            steps = [_limited_steps(params.steps * factor) for factor in FACTORS["steps"]]
            return [params.replace(steps=count) for count in _distinct(steps, params.steps)]
        case "guidance":
            start = params.guidance or 1
            values = [min(GUIDANCE_LIMIT, start * factor) for factor in FACTORS["guidance"]]
            rounded = [round(value, 2) for value in values]
            return [params.replace(guidance=value) for value in _distinct(rounded, params.guidance)]
    raise InvalidInput("along", along, f"seed, scheduler, {', '.join(FACTORS)}")


def row_of_neighbours(params: GenerationParams, along: str) -> list[GenerationParams]:
    """`neighbours` with the recipe itself in its place: by the value of guidance or steps, else first.

    Raises InvalidInput for any other parameter.
    """
    others = neighbours(params, along)
    if along not in FACTORS:
        return [params, *others]
    return sorted([params, *others], key=lambda recipe: getattr(recipe, along) or 0)


def _other_schedulers(params: GenerationParams) -> list[GenerationParams]:
    recipes = [
        params.replace(scheduler=name, scheduler_options={}) for name in NEIGHBOUR_SCHEDULERS
    ]
    others = [recipe for recipe in recipes if recipe.scheduler != params.scheduler]
    return others[:NEIGHBOURS]


def _limited_steps(steps: float) -> int:
    return min(STEPS_LIMIT, max(1, round(steps)))


def _distinct(values: Sequence[T], own: T) -> list[T]:
    """Each of `values` once, without `own`."""
    return [value for value in dict.fromkeys(values) if value != own]


class Difference(NamedTuple):
    """A parameter in which two recipes differ; None stands for a parameter that is left out."""

    name: str
    left: Any
    right: Any


def differences(left: dict[str, Any], right: dict[str, Any]) -> list[Difference]:
    """The parameters in which two recipes differ, in the order of the first."""
    names = dict.fromkeys([*left, *right])
    pairs = [Difference(name, left.get(name), right.get(name)) for name in names]
    return [pair for pair in pairs if pair.left != pair.right]
