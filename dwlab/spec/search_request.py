"""How the cells of a sweep are chosen within a budget: the `search` of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from .._util.checks import check_whole_number, is_finite_number
from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELD = "search"
AUTO = "auto"
OPTUNA = "optuna"
# those that choose from a grid
OF_GRIDS = (AUTO, "ladder", "halving", "racing", "random")
METHODS = (*OF_GRIDS, OPTUNA)
QUALITY = "quality"
ROWS = "rows"
VOTES = "votes"
OBJECTIVES = (QUALITY, ROWS, VOTES)
# what a claim is about; the second needs fewer pictures
TARGETS = ("prompts like these", "these prompts")
SAMPLERS = ("tpe", "gp", "nsga2", "random")
SEED_LIMIT = 2**31 - 1
BATCH_LIMIT = 1000
_ALLOWED = f"{', '.join(METHODS)}, or a map like {{method: ladder, margin: 0.03}}"


@dataclass(frozen=True)
class SearchRequest:
    """How cells are chosen.

    method: `auto` takes the ladder if the metric has a known bound, otherwise balanced halving.
    margin: how far behind the best is good enough, in units of the metric; None for the usual one.
    seed: of the random choices that a method makes. held_out: how many of the seeds only the final
    claim uses, None for half of them. target: what the claim is about, one of TARGETS. For `optuna` only: objectives are what is
    looked for, `quality` (the metric), `rows` (few denoiser rows) and `votes` (the strength by
    the votes on this experiment); sampler, or None for Optuna's own; batch: how many settings are asked for
    at a time; pictures: how many pictures each setting gets, None for one per prompt,
    and at least four as far as there are seeds.
    """

    method: str = AUTO
    margin: float | None = None
    seed: int = 0
    held_out: int | None = None
    target: str = TARGETS[0]
    objectives: tuple[str, ...] = (QUALITY,)
    sampler: str | None = None
    batch: int = 8
    pictures: int | None = None

    @property
    def is_optuna(self) -> bool:
        """Whether Optuna chooses."""
        return self.method == OPTUNA

    @property
    def is_by_metric(self) -> bool:
        """Whether a metric says how good settings are, and not votes."""
        return VOTES not in self.objectives


# options that only Optuna takes
_OF_OPTUNA = ("objectives", "sampler", "batch", "pictures")


def parse(value: object) -> SearchRequest | None:
    """How an experiment's cells are chosen; None for None, if all of them are computed.

    Raises InvalidInput, which names the option.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return SearchRequest(method=_method(FIELD, value, _ALLOWED))
    if not isinstance(value, Mapping):
        raise InvalidInput(FIELD, value, _ALLOWED)
    options = dict(value)
    method = _method(f"{FIELD}.method", options.pop("method", AUTO), ", ".join(METHODS))
    taken = [field.name for field in fields(SearchRequest) if _takes(method, field.name)]
    for name, option in options.items():
        if name not in taken:
            allowed = f"the options of {method}: {', '.join(taken)}"
            raise InvalidInput(f"{FIELD}.{name}", option, allowed)
    return _checked(
        method, {name: option for name, option in options.items() if option is not None}
    )


def _method(field: str, value: object, allowed: str) -> str:
    if not isinstance(value, str) or value not in METHODS:
        raise InvalidInput(field, value, allowed)
    return value


def _takes(method: str, option: str) -> bool:
    return method == OPTUNA or option not in _OF_OPTUNA


def _checked(method: str, options: Mapping[str, object]) -> SearchRequest:
    usual = SearchRequest()
    batch = check_whole_number(f"{FIELD}.batch", options.get("batch", usual.batch), 2, BATCH_LIMIT)
    return SearchRequest(
        method=method,
        margin=_margin(options.get("margin")),
        seed=check_whole_number(f"{FIELD}.seed", options.get("seed", 0), 0, SEED_LIMIT),
        objectives=_objectives(options.get("objectives", usual.objectives)),
        sampler=_one_of("sampler", options["sampler"], SAMPLERS) if "sampler" in options else None,
        batch=batch,
        target=_one_of("target", options.get("target", usual.target), TARGETS),
        held_out=_count("held_out", options.get("held_out")),
        pictures=_count("pictures", options.get("pictures")),
    )


def _count(option: str, value: object) -> int | None:
    if value is None:
        return None
    return check_whole_number(f"{FIELD}.{option}", value, 1, BATCH_LIMIT)


def _margin(value: object) -> float | None:
    if value is None:
        return None
    if not is_finite_number(value) or not value > 0:
        raise InvalidInput(f"{FIELD}.margin", value, "a number above 0")
    return float(value)


def _one_of(option: str, value: object, names: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in names:
        raise InvalidInput(f"{FIELD}.{option}", value, ", ".join(names))
    return value


def _objectives(value: object) -> tuple[str, ...]:
    field = f"{FIELD}.objectives"
    allowed = f"a list of one or more of {', '.join(OBJECTIVES)}, each once"
    if not isinstance(value, list | tuple) or not value or len(set(map(str, value))) < len(value):
        raise InvalidInput(field, value, allowed)
    names: Sequence[object] = value
    for name in names:
        if name not in OBJECTIVES:
            raise InvalidInput(field, name, allowed)
    objectives = tuple(str(name) for name in names)
    if objectives == (ROWS,):
        raise InvalidInput(field, value, f"{allowed}; rows alone would only find the fewest steps")
    if QUALITY in objectives and VOTES in objectives:
        raise InvalidInput(field, value, f"{allowed}; either quality or votes, not both")
    return objectives
