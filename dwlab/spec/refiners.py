"""A refiner: a second model that takes over from the first one for the last steps, as a recipe names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .._util.checks import is_number, without_quotes
from ..errors import InvalidInput
from . import catalog
from .components import VAE
from .entries import build, numbered
from .loras import check_text
from .model_choice import ModelChoice, checked_variant
from .public_names import public_name

# as in diffusers' documentation of refiners
START = 0.8
_EXAMPLE = "{model: sdxl-refiner, from: 0.8}"
_FROM = "from"  # is no name in Python
ATTRIBUTES = ("model", "from")
_NAMES = ("model", "from", "variant", "config", "weights")


@dataclass(frozen=True)
class Refiner:
    """The model of a second stage, and when it takes over.

    model: a catalog name, a folder, a checkpoint in one file or a hub id. start: the part of the
        noise's schedule that the first model does, above 0 and below 1; a recipe calls it `from`.
    variant, config: as for the model of a recipe.
    weights: the fingerprint of the model, filled in once it was identified. A recipe that contains
        it accepts no other model.

    Raises InvalidInput, which names the field.
    """

    model: str
    start: float = START
    variant: str | None = None
    config: str = ""
    weights: str = ""

    def __post_init__(self) -> None:
        for name in ("model", "config", "weights"):
            check_text(name, getattr(self, name))
        if not self.model:
            raise InvalidInput("model", self.model, f"the name of a refiner, as in {_EXAMPLE}")
        # NaN is not in this range either
        if not is_number(self.start) or not 0 < self.start < 1:
            allowed = f"a number above 0, below 1{without_quotes(self.start)}"
            raise InvalidInput(_FROM, self.start, allowed)
        object.__setattr__(self, "start", float(self.start))
        object.__setattr__(self, "variant", checked_variant("variant", self.variant))

    def as_dict(self) -> dict[str, object]:
        """The fields as plain values for JSON; empty ones are left out."""
        values = {
            "model": self.model,
            _FROM: self.start,
            "variant": self.variant,
            "config": self.config,
            "weights": self.weights,
        }
        return {name: value for name, value in values.items() if value not in ("", None)}

    def for_key(self) -> dict[str, object]:
        """What a key says of it: the fingerprint stands for the model and how it is read."""
        return {_FROM: self.start, "weights": self.weights}

    def without_path(self) -> Refiner:
        """The same with a name that is no path of this machine."""
        return replace(self, model=public_name(self.model, self.weights), config="")

    def choice(self, first: ModelChoice) -> ModelChoice:
        """What decides which weights are loaded, in the dtype of the first model and with its VAE.

        first: as it was asked for.
        """
        parts = tuple(component for component in first.parts if component.part == VAE)
        return ModelChoice(self.model, first.dtype, self.variant, self.config, parts, first)


# one at most
Refiners = tuple[Refiner, ...]


def checked_refiners(field: str, value: object) -> Refiners:
    """The refiner in a map, or in the list of one that a row has; empty for none.

    Raises InvalidInput, which names the field, like `refiner.from`.
    """
    if value is None:
        return ()
    entries = value if isinstance(value, list | tuple) else (value,)
    if len(entries) > 1:
        raise InvalidInput(field, f"{len(entries)} refiners", f"one, like {_EXAMPLE}")
    return tuple(_refiner(field, entry) for entry in entries)


def with_value(field: str, value: object, axis: str, changed: object) -> list[Refiner]:
    """The refiner with another value. axis: `model` or `from`. Raises InvalidInput."""
    refiners = checked_refiners(field, value)
    _, attribute = numbered(field, axis, changed, len(refiners), ATTRIBUTES)
    entry = {**refiners[0].as_dict(), attribute: changed}
    if attribute == "model":
        entry.pop("weights", None)
    return [_refiner(field, entry)]


def values_by_axis(field: str, value: object) -> dict[str, object]:
    """The values of a refiner by the names of their axes; nothing for what is none."""
    try:
        refiners = checked_refiners(field, value)
    except InvalidInput:
        return {}
    values: dict[str, object] = {}
    for refiner in refiners:
        values |= {f"{field}.model": refiner.model, f"{field}.{_FROM}": refiner.start}
    return values


def label(refiners: Refiners) -> str:
    """A refiner as people read it: `sdxl-refiner from 0.8`."""
    return ", ".join(f"{each.model} from {each.start:g}" for each in refiners) or "none"


def is_portable(value: object) -> bool:
    """Whether a refiner in JSON is named as it is called everywhere, and by no path."""
    try:
        refiners = checked_refiners("refiner", value)
    except InvalidInput:
        return False
    return all(refiner.model in catalog.CATALOG and not refiner.config for refiner in refiners)


def _refiner(field: str, entry: object) -> Refiner:
    if isinstance(entry, Refiner):
        return entry
    if isinstance(entry, str):
        entry = {"model": entry}
    if not isinstance(entry, Mapping):
        raise InvalidInput(field, entry, f"a map like {_EXAMPLE}")
    for name, value in entry.items():
        if name not in _NAMES:
            raise InvalidInput(f"{field}.{name}", value, f"one of {', '.join(_NAMES)}")
    values = dict(entry)
    start = values.pop(_FROM, START)
    return build(field, Refiner, {"model": "", "start": start, **values})
