"""Whether cells of a sweep can be chosen within a budget: what is refused before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidInput
from . import search_request
from .axes import RandomSeeds
from .content import is_content

if TYPE_CHECKING:
    from .sweep import SweepSpec

SEEDS_NEEDED = 2  # to search with one at least, and to hold out one at least


def check(spec: SweepSpec) -> None:
    """Raise InvalidInput, which names the field, if cells cannot be chosen as a sweep asks."""
    request = spec.request
    _check_spans(spec, has_optuna=request is not None and request.is_optuna)
    # also of a budget that is given alone
    budget = spec.most
    if request is None:
        return
    if request.is_optuna and budget is None:
        raise InvalidInput(
            "budget", None, "set for Optuna, which has no end of its own: 200 pictures"
        )
    if not [name for name in spec.values if not is_content(name)]:
        raise InvalidInput(
            "axes", list(spec.axes), "an axis of settings, like steps, from which a search chooses"
        )
    _check_seeds(spec)
    _check_groups(spec)
    _check_rules(spec)


def _check_spans(spec: SweepSpec, *, has_optuna: bool) -> None:
    """Refuse continuous axes without Optuna, and beside what needs values that are listed."""
    for name in spec.spans:
        field = f"axes.{name}"
        if not has_optuna:
            allowed = (
                "a list, {range: [start, stop, step]} or {linspace: [start, stop, count]}; for any value "
                "between two, choose search: {method: optuna} and a budget"
            )
            raise InvalidInput(field, spec.axes[name], allowed)
        if is_content(name):
            allowed = "a list: what is drawn has no values in between"
            raise InvalidInput(field, spec.axes[name], allowed)
        if any(name in group for group in spec.zip):
            raise InvalidInput("zip", name, "axes with a list of values")


def _check_seeds(spec: SweepSpec) -> None:
    seeds = spec.values.get("seed", ())
    count = seeds.count if isinstance(seeds, RandomSeeds) else len(set(seeds))
    if count < SEEDS_NEEDED:
        allowed = (
            "2 seeds or more, 4 are better, like {random: 4}: settings are compared over prompts and seeds, "
            "and the answer is checked on seeds that the search did not use"
        )
        raise InvalidInput("axes.seed", spec.axes.get("seed"), allowed)


def _check_groups(spec: SweepSpec) -> None:
    """Refuse groups that move settings together with what is drawn, or prompts with seeds."""
    for group in spec.zip:
        if "seed" in group:
            allowed = "groups without seed, because a search tries each prompt with several seeds"
            raise InvalidInput("zip", list(group), allowed)
        if len(set(map(is_content, group))) > 1:
            allowed = (
                "groups of settings only, or of what is drawn only (prompts, placeholders, seeds): "
                f"{search_request.FIELD} compares settings on the same prompts and seeds"
            )
            raise InvalidInput("zip", list(group), allowed)


def _check_rules(spec: SweepSpec) -> None:
    """Refuse rules by which settings would not have the same prompts and seeds."""
    for index, rule in enumerate(spec.skip):
        contents = {is_content(name) for name in rule if name in spec.values}
        if len(contents) > 1:
            allowed = (
                "rules about settings only, or about what is drawn only, because a search compares "
                "settings on the same prompts and seeds"
            )
            raise InvalidInput(f"skip[{index}]", dict(rule), allowed)
        if "seed" in rule:
            allowed = "left out, because a search tries each prompt with several seeds"
            raise InvalidInput(f"skip[{index}].seed", rule["seed"], allowed)
        for name in rule:
            if name in spec.spans:
                allowed = "rules about axes with a list of values"
                raise InvalidInput(f"skip[{index}].{name}", rule[name], allowed)
